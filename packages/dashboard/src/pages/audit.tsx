/** Who did what: of everything, or of one project. */
import { useNavigate, useSearch } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { type Rows, useRows } from "../api/pages.ts";
import type { Audited } from "../gen/api.ts";
import { texts } from "../texts.ts";
import { Moment, PageHead, State } from "../ui/parts.tsx";
import { RowsTable } from "../ui/rows.tsx";
import { csvOf, saveFile } from "../ui/save-file.ts";
import type { Column } from "../ui/table.tsx";

const t = texts.audit;
const RESULTS = ["allowed", "denied", "failed"] as const;

const COLUMNS: readonly Column<Audited>[] = [
  { head: t.when, cell: ({ at }) => <Moment at={at} /> },
  { head: t.actor, cell: ({ actor }) => actor },
  { head: t.action, cell: ({ action }) => action },
  { head: t.resource, cell: ({ resource }) => <span className="text-break">{resource}</span> },
  { head: texts.project, cell: ({ project }) => project },
  { head: t.from, cell: ({ sourceAddress }) => sourceAddress ?? "" },
  {
    head: t.result,
    cell: ({ result, reason }) => (
      <>
        <State word={result} /> {reason}
      </>
    ),
  },
];

export function AuditPage(): ReactElement {
  const { project = "", result } = useSearch({ from: "/audit" });
  const chosen = RESULTS.find((each) => each === result);
  const query = chosen === undefined ? {} : { result: chosen };
  const whole = useRows("listAudit", { query }, { isEnabled: project === "" });
  const own = useRows(
    "listProjectAudit",
    { path: { project }, query },
    { isEnabled: project !== "" },
  );
  const rows = project === "" ? whole : own;
  return (
    <>
      <PageHead title={t.title} about={t.about}>
        <Filters project={project} result={chosen ?? ""} />
        <button
          type="button"
          className="btn btn-outline-primary"
          disabled={rows.data === undefined}
          onClick={() => save(rows)}
        >
          {t.csv}
        </button>
      </PageHead>
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

const FIELDS = ["at", "actor", "action", "resource", "project", "result", "reason"] as const;

function save({ data = [] }: Rows<Audited>): void {
  const lines = data.map((row) => FIELDS.map((field) => row[field]));
  saveFile("audit.csv", "text/csv", csvOf([FIELDS, ...lines]));
}

type FiltersProps = { readonly project: string; readonly result: string };

function Filters({ project, result }: FiltersProps): ReactElement {
  const navigate = useNavigate({ from: "/audit" });
  const { data: projects = [] } = useRows("listProjects", { query: { limit: 500 } });
  const choose = (more: Partial<FiltersProps>): void => {
    const next = Object.entries({ project, result, ...more }).filter(([, value]) => value !== "");
    void navigate({ search: Object.fromEntries(next) });
  };
  return (
    <>
      <select
        className="form-select w-auto"
        aria-label={t.where}
        value={project}
        onChange={({ target }) => choose({ project: target.value })}
      >
        <option value="">{t.everywhere}</option>
        {projects.map(({ metadata }) => (
          <option key={metadata.name}>{metadata.name}</option>
        ))}
      </select>
      <select
        className="form-select w-auto"
        aria-label={t.result}
        value={result}
        onChange={({ target }) => choose({ result: target.value })}
      >
        <option value="">{t.any}</option>
        {RESULTS.map((each) => (
          <option key={each}>{each}</option>
        ))}
      </select>
    </>
  );
}
