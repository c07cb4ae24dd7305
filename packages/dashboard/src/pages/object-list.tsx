/** The objects of one kind in a project. */
import { getRouteApi, Link } from "@tanstack/react-router";
import { type ReactElement, useState } from "react";
import { kindOf, type KindPath, KINDS } from "../api/kinds.ts";
import { at, entriesAt, listAt, numberAt, textAt } from "../api/look.ts";
import { useRows } from "../api/pages.ts";
import type { Object as SeamObject } from "../gen/api.ts";
import { texts } from "../texts.ts";
import { Moment, PageHead, State } from "../ui/parts.tsx";
import { RowsTable } from "../ui/rows.tsx";
import type { Column } from "../ui/table.tsx";

const t = texts.objects;
const route = getRouteApi("/projects/$project/$kind");
/** The store tells of changes; that pods come and go is looked for. */
const LOOK_MS = 4000;

const sum = (rows: readonly unknown[], field: string): number =>
  rows.reduce<number>((total, row) => total + numberAt(row, field), 0);

const labelsOf = (object: unknown, ...path: readonly string[]): string =>
  entriesAt(object, ...path)
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(", ");

function podsOf(experiment: SeamObject): string {
  const rows = listAt(experiment, "status", "workloads");
  return `${sum(rows, "ready")} / ${sum(rows, "desired")}`;
}

const rulesOf = (policy: SeamObject): string =>
  (["ingress", "egress"] as const)
    .filter((side) => at(policy, "spec", side) !== undefined)
    .map((side) => `${listAt(policy, "spec", side).length} ${side}`)
    .join(", ") || "–";

const COLUMNS: { readonly [kind in KindPath]: readonly Column<SeamObject>[] } = {
  experiments: [
    {
      head: texts.state,
      cell: (each) => <State word={textAt(each, "status", "phase") || "Pending"} />,
    },
    { head: t.podsReady, cell: podsOf, isNumber: true },
    {
      head: t.workloads,
      cell: (each) =>
        listAt(each, "spec", "workloads")
          .map((workload) => textAt(workload, "name"))
          .join(", "),
    },
  ],
  policies: [
    {
      head: t.selects,
      cell: (each) => labelsOf(each, "spec", "podSelector", "matchLabels") || "*",
    },
    { head: t.rules, cell: rulesOf },
  ],
  services: [
    { head: t.address, cell: (each) => textAt(each, "spec", "clusterIP") },
    {
      head: t.ports,
      cell: (each) =>
        listAt(each, "spec", "ports")
          .map((port) => `${textAt(port, "port")}/${textAt(port, "protocol")}`)
          .join(", "),
    },
    { head: t.selects, cell: (each) => labelsOf(each, "spec", "selector") },
  ],
};

export function ObjectListPage(): ReactElement {
  const { project, kind: word } = route.useParams();
  const kind = kindOf(word);
  const [search, setSearch] = useState("");
  const rows = useRows(
    KINDS[kind].ids.list,
    { path: { project }, query: { search } },
    { everyMs: LOOK_MS },
  );
  const add = (
    <Link to="/projects/$project/$kind/new" params={{ project, kind }} className="btn btn-primary">
      {t.add[kind]}
    </Link>
  );
  return (
    <>
      <PageHead title={texts.nav[kind]} about={project}>
        <input
          type="search"
          className="form-control w-auto"
          placeholder={texts.search}
          aria-label={texts.search}
          value={search}
          onChange={({ target }) => setSearch(target.value)}
        />
        {add}
      </PageHead>
      <RowsTable
        rows={rows}
        caption={texts.nav[kind]}
        columns={columnsOf(project, kind)}
        keyOf={({ metadata }) => metadata.name}
        none={[t.none[kind], t.noneTodo[kind]]}
        noneAction={add}
      />
    </>
  );
}

const columnsOf = (project: string, kind: KindPath): readonly Column<SeamObject>[] => [
  {
    head: texts.name,
    cell: ({ metadata: { name } }) => (
      <Link
        to="/projects/$project/$kind/$name"
        params={{ project, kind, name }}
        className="fw-semibold"
      >
        {name}
      </Link>
    ),
  },
  ...COLUMNS[kind],
  {
    head: texts.age,
    cell: (each) => <Moment at={textAt(each, "metadata", "creationTimestamp")} />,
  },
];
