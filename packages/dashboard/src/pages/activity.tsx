/** What was changed in a project, as its history has it. */
import { getRouteApi, Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { KINDS } from "../api/kinds.ts";
import { useRows } from "../api/pages.ts";
import type { Revision } from "../gen/api.ts";
import { texts } from "../texts.ts";
import { Moment, PageHead } from "../ui/parts.tsx";
import { RowsTable } from "../ui/rows.tsx";
import type { Column } from "../ui/table.tsx";

const t = texts.activity;
const route = getRouteApi("/projects/$project/activity");
const PATHS = ["experiments", "policies", "services"] as const;

const COLUMNS: readonly Column<Revision>[] = [
  { head: texts.audit.when, cell: ({ at }) => <Moment at={at} /> },
  { head: t.author, cell: ({ author }) => author },
  { head: texts.objects.object, cell: (revision) => <Named revision={revision} /> },
  { head: t.revision, cell: ({ number }) => number, isNumber: true },
  {
    head: t.changes,
    cell: ({ object, diff }) => (object === null ? t.deleted : t.count(diff.length)),
  },
];

function Named({ revision }: { readonly revision: Revision }): ReactElement {
  const { kind, name, project } = revision;
  const path = PATHS.find((each) => KINDS[each].kind === kind);
  if (path === undefined) return <span>{`${kind} ${name}`}</span>;
  return (
    <Link to="/projects/$project/$kind/$name" params={{ project, kind: path, name }}>
      {kind} {name}
    </Link>
  );
}

export function ActivityPage(): ReactElement {
  const { project } = route.useParams();
  const rows = useRows("listHistory", { path: { project } });
  return (
    <>
      <PageHead title={t.title} about={t.about} />
      <RowsTable
        rows={rows}
        caption={t.title}
        columns={COLUMNS}
        keyOf={({ id }) => id}
        none={[t.none, t.noneTodo]}
      />
    </>
  );
}
