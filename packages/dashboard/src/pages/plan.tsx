/** What a change would do: to objects, field by field, and on nodes. */
import type { ReactElement } from "react";
import { listAt, at, textAt } from "../api/look.ts";
import type { Planned } from "../gen/api.ts";
import { texts } from "../texts.ts";
import { State } from "../ui/parts.tsx";

const t = texts.objects;

export function PlanView({ plan }: { readonly plan: Planned["plan"] }): ReactElement {
  const changing = plan.objects.filter((each) => textAt(each, "action") !== "unchanged");
  return (
    <section className="border rounded-3 p-3 my-3" aria-labelledby="plan">
      <h2 className="h5" id="plan">
        {t.planTitle}
      </h2>
      {changing.length === 0 ? <p className="mb-0">{t.planNone}</p> : null}
      <ul className="list-unstyled mb-0">
        {changing.map((each) => (
          <PlannedObject key={nameOf(at(each, "ref"))} planned={each} />
        ))}
      </ul>
      {plan.nodes.length === 0 ? null : <Nodes nodes={plan.nodes} />}
      {plan.notes.length === 0 ? null : (
        <>
          <h3 className="h6 mt-3">{t.notes}</h3>
          <ul className="mb-0">
            {plan.notes.map((note) => (
              <li key={note}>{note}</li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

const nameOf = (ref: unknown): string => `${textAt(ref, "kind")} ${textAt(ref, "name")}`;

/** A value of a field as people read it. */
const shown = (value: unknown): string =>
  value === undefined || value === null ? "–" : JSON.stringify(value);

function PlannedObject({ planned }: { readonly planned: unknown }): ReactElement {
  const fields = listAt(planned, "fields");
  return (
    <li className="mb-2">
      <State word={textAt(planned, "action")} />{" "}
      <span className="fw-semibold">{nameOf(at(planned, "ref"))}</span>
      {fields.length === 0 ? null : (
        <div className="table-responsive">
          <table className="table table-sm mt-1 mb-0">
            <thead>
              <tr>
                <th scope="col">{t.field}</th>
                <th scope="col">{t.from}</th>
                <th scope="col">{t.to}</th>
              </tr>
            </thead>
            <tbody>
              {fields.map((field) => (
                <tr key={textAt(field, "path")}>
                  <td>
                    <code>{textAt(field, "path")}</code>
                  </td>
                  <td className="text-break">{shown(at(field, "before"))}</td>
                  <td className="text-break">{shown(at(field, "after"))}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </li>
  );
}

const Nodes = ({ nodes }: { readonly nodes: readonly unknown[] }): ReactElement => (
  <>
    <h3 className="h6 mt-3">{t.nodes}</h3>
    <ul className="mb-0">
      {nodes.map((node) => (
        <li key={textAt(node, "node")}>
          <span className="fw-semibold">{textAt(node, "node") || t.anyNode}</span>
          <ul>
            {listAt(node, "pods").map((pod) => (
              <li key={`${textAt(pod, "action")} ${textAt(pod, "name")}`}>
                {textAt(pod, "action")} {textAt(pod, "name")}
              </li>
            ))}
          </ul>
        </li>
      ))}
    </ul>
  </>
);
