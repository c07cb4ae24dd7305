/** How far an experiment is: its workloads and the conditions of the whole. */
import type { ReactElement } from "react";
import { listAt, numberAt, textAt } from "../api/look.ts";
import type { Object as SeamObject } from "../gen/api.ts";
import { texts } from "../texts.ts";

const t = texts.objects;

export const ExperimentStatus = ({ object }: { readonly object: SeamObject }): ReactElement => (
  <>
    <h2 className="h5">{t.workloads}</h2>
    <ul className="list-group mb-4">
      {listAt(object, "spec", "workloads").map((workload) => (
        <WorkloadItem key={textAt(workload, "name")} workload={workload} status={object} />
      ))}
    </ul>
    <Conditions object={object} />
  </>
);

type ItemProps = { readonly workload: unknown; readonly status: SeamObject };

function WorkloadItem({ workload, status }: ItemProps): ReactElement {
  const name = textAt(workload, "name");
  const own = listAt(status, "status", "workloads").find((each) => textAt(each, "name") === name);
  const [ready, desired] = [numberAt(own, "ready"), numberAt(own, "desired")];
  const pods = listAt(own, "pods");
  return (
    <li className="list-group-item">
      <div className="d-flex flex-wrap align-items-center gap-3">
        <span className="fw-semibold">{name}</span>
        <span className="text-body-secondary text-break flex-grow-1">
          {textAt(workload, "image")}
        </span>
        <progress
          aria-label={`${t.podsReady}: ${name}`}
          max={Math.max(desired, 1)}
          value={Math.min(ready, desired)}
        />
        <span className="font-monospace">{`${ready} / ${desired}`}</span>
      </div>
      {pods.length === 0 ? null : (
        <ul className="list-unstyled small mb-0 mt-2">
          {pods.map((pod) => (
            <li key={textAt(pod, "name")}>
              {textAt(pod, "name")} · {textAt(pod, "node")} ·{" "}
              <span className="font-monospace">{listAt(pod, "addresses").join(", ")}</span>
            </li>
          ))}
        </ul>
      )}
    </li>
  );
}

function Conditions({ object }: { readonly object: SeamObject }): ReactElement | null {
  const conditions = listAt(object, "status", "conditions");
  if (conditions.length === 0) return null;
  return (
    <>
      <h2 className="h5">{t.conditions}</h2>
      <div className="table-responsive">
        <table className="table">
          <thead>
            <tr>
              <th scope="col">{texts.name}</th>
              <th scope="col">{texts.state}</th>
              <th scope="col">{t.reason}</th>
              <th scope="col">{t.message}</th>
            </tr>
          </thead>
          <tbody>
            {conditions.map((each) => (
              <tr key={textAt(each, "type")}>
                <th scope="row">{textAt(each, "type")}</th>
                <td>{textAt(each, "status")}</td>
                <td>{textAt(each, "reason")}</td>
                <td>{textAt(each, "message")}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
