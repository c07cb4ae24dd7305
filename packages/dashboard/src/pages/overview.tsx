/** What runs, what is left, and what needs somebody. */
import { Link } from "@tanstack/react-router";
import type { ReactElement, ReactNode } from "react";
import { isReady, listAt, numberAt, textAt } from "../api/look.ts";
import { useRows } from "../api/pages.ts";
import type { Object as SeamObject } from "../gen/api.ts";
import { texts } from "../texts.ts";
import { PageHead } from "../ui/parts.tsx";

const t = texts.overview;
const LOOK_MS = 5000;

type Attention = { readonly title: string; readonly project?: string };

export function OverviewPage(): ReactElement {
  const nodes = useRows("listNodes", { query: { limit: 500 } }, { everyMs: LOOK_MS });
  const projects = useRows("listProjects", { query: { limit: 500 } }, { everyMs: LOOK_MS });
  const bandwidths = useRows("listBandwidths", { query: { limit: 500 } }, { everyMs: LOOK_MS });
  const attention = [
    ...(nodes.data ?? []).flatMap(nodeTrouble),
    ...(projects.data ?? []).flatMap(projectTrouble),
    ...(bandwidths.data ?? []).flatMap(bandwidthTrouble),
  ];
  return (
    <>
      <PageHead title={t.title} about={t.about} />
      <div className="row g-3 mb-4">
        {nodes.data === undefined ? null : (
          <Tile name={t.nodes} to="/nodes">
            {t.outOf(nodes.data.filter(isReady).length, nodes.data.length)}
          </Tile>
        )}
        {projects.data === undefined ? null : (
          <Tile name={t.projects} to="/projects">
            {projects.data.length}
          </Tile>
        )}
        {bandwidths.data === undefined || bandwidths.data.length === 0 ? null : (
          <Tile name={t.bandwidth} to="/bandwidth">
            {texts.bandwidth.share(
              networkOf(bandwidths.data, "used"),
              networkOf(bandwidths.data, "capacity"),
            )}
          </Tile>
        )}
      </div>
      <h2 className="h5">{t.attention}</h2>
      {attention.length === 0 ? <p>{t.calm}</p> : <AttentionList rows={attention} />}
    </>
  );
}

type TileProps = {
  readonly name: string;
  readonly to: "/nodes" | "/projects" | "/bandwidth";
  readonly children: ReactNode;
};

const Tile = ({ name, to, children }: TileProps): ReactElement => (
  <div className="col-12 col-sm-6 col-xl-3">
    <Link to={to} className="card h-100 text-decoration-none">
      <div className="card-body">
        <div className="text-body-secondary">{name}</div>
        <div className="fs-3 fw-semibold text-body">{children}</div>
      </div>
    </Link>
  </div>
);

const AttentionList = ({ rows }: { readonly rows: readonly Attention[] }): ReactElement => (
  <ul className="list-group">
    {rows.map(({ title, project }) => (
      <li key={title} className="list-group-item">
        {project === undefined ? (
          title
        ) : (
          <Link to="/projects/$project" params={{ project }}>
            {title}
          </Link>
        )}
      </li>
    ))}
  </ul>
);

const networkOf = (rows: readonly SeamObject[], part: "used" | "capacity"): number =>
  rows.reduce((sum, row) => sum + numberAt(row, "status", part, "network", "ulMbps"), 0);

const nodeTrouble = (node: SeamObject): readonly Attention[] =>
  isReady(node) ? [] : [{ title: t.nodeDown(node.metadata.name) }];

function projectTrouble(project: SeamObject): readonly Attention[] {
  const { name } = project.metadata;
  const full = listAt(project, "status", "quota").filter(
    (row) => textAt(row, "used") !== "" && textAt(row, "used") === textAt(row, "limit"),
  );
  const failed = textAt(project, "status", "phase") === "Failed";
  return [
    ...(failed ? [{ title: t.projectFailed(name), project: name }] : []),
    ...full.map((row) => ({ title: t.quotaFull(name, textAt(row, "resource")), project: name })),
  ];
}

const bandwidthTrouble = (node: SeamObject): readonly Attention[] =>
  textAt(node, "status", "errorReason") === ""
    ? []
    : [{ title: t.bandwidthWrong(node.metadata.name) }];
