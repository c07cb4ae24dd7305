/** One project: its members, its quota, its end. */
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { ask, call } from "../api/call.ts";
import { listAt, textAt } from "../api/look.ts";
import type { Object as SeamObject } from "../gen/api.ts";
import { texts } from "../texts.ts";
import { Confirm } from "../ui/confirm.tsx";
import { Command, Empty, Loaded, PageHead, State } from "../ui/parts.tsx";
import { Members } from "./members.tsx";

const t = texts.projects;
const route = getRouteApi("/projects/$project");

export function ProjectPage(): ReactElement {
  const { project } = route.useParams();
  const query = useQuery(ask("getProject", { path: { project } }));
  const navigate = useNavigate();
  const remove = async (): Promise<void> => {
    await call("deleteProject", {
      path: { project },
      header: { "idempotency-key": crypto.randomUUID() },
    });
    await navigate({ to: "/projects" });
  };
  return (
    <>
      <PageHead title={project} about={t.about}>
        <Confirm
          label={texts.remove}
          title={t.removeTitle(project)}
          help={t.removeHelp}
          onSure={remove}
        />
      </PageHead>
      <Members project={project} />
      <Loaded query={query}>{(object) => <Quota project={object} />}</Loaded>
      <section className="mb-4">
        <h2 className="h5">{texts.objects.command}</h2>
        <Command command={`seam describe project ${project}`} />
      </section>
    </>
  );
}

function Quota({ project }: { readonly project: SeamObject }): ReactElement {
  const rows = listAt(project, "status", "quota");
  const phase = textAt(project, "status", "phase");
  return (
    <section className="mb-4" aria-labelledby="quota">
      <h2 className="h5" id="quota">
        {t.quota} {phase === "" ? null : <State word={phase} />}
      </h2>
      {rows.length === 0 ? (
        <Empty title={t.noQuota} todo={t.noQuotaTodo} />
      ) : (
        <table className="table align-middle">
          <thead>
            <tr>
              <th scope="col">{t.resource}</th>
              <th scope="col" className="text-end">
                {t.used}
              </th>
              <th scope="col" className="text-end">
                {t.hard}
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={textAt(row, "resource")}>
                <th scope="row">{textAt(row, "resource")}</th>
                <td className="text-end font-monospace">{textAt(row, "used")}</td>
                <td className="text-end font-monospace">{textAt(row, "limit")}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
