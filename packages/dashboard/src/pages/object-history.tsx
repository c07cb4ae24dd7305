/** The revisions of one object, and the way back to each. */
import { type ReactElement, useState } from "react";
import { type At, KINDS, restoreObject } from "../api/kinds.ts";
import { at as look, textAt } from "../api/look.ts";
import { useRows } from "../api/pages.ts";
import type { Revision } from "../gen/api.ts";
import { texts } from "../texts.ts";
import { Moment } from "../ui/parts.tsx";
import { ProblemAlert } from "../ui/problem.tsx";
import { RowsTable } from "../ui/rows.tsx";
import type { Column } from "../ui/table.tsx";
import { useAction } from "../ui/use-action.ts";

const t = texts.objects;

export function ObjectHistory({ at }: { readonly at: At }): ReactElement {
  const { project, name, kind } = at;
  const rows = useRows(KINDS[kind].ids.revisions, { path: { project, name } });
  const [done, setDone] = useState<number | null>(null);
  const { isRunning, error, run } = useAction();
  const restore = async (number: number): Promise<void> => {
    await restoreObject(at, number, { isDryRun: false });
    setDone(number);
  };
  const columns: readonly Column<Revision>[] = [
    { head: texts.activity.revision, cell: ({ number }) => number, isNumber: true },
    { head: texts.audit.when, cell: (each) => <Moment at={each.at} /> },
    { head: texts.activity.author, cell: ({ author }) => author },
    { head: t.compare, cell: (revision) => <Changes revision={revision} /> },
    {
      head: t.restore,
      cell: ({ number, object }) =>
        object === null ? null : (
          <button
            type="button"
            className="btn btn-sm btn-outline-primary"
            aria-label={`${t.restore} ${number}`}
            disabled={isRunning}
            onClick={() => run(() => restore(number))}
          >
            {t.restore}
          </button>
        ),
    },
  ];
  return (
    <>
      {error === null ? null : <ProblemAlert error={error} />}
      <p role="status">{done === null ? "" : t.restored(done)}</p>
      <RowsTable
        rows={rows}
        caption={t.history}
        columns={columns}
        keyOf={({ id }) => id}
        none={[t.noHistory, t.noHistoryTodo]}
      />
    </>
  );
}

function Changes({ revision }: { readonly revision: Revision }): ReactElement {
  const { object, diff } = revision;
  if (object === null) return <span>{texts.activity.deleted}</span>;
  return (
    <details>
      <summary>{texts.activity.count(diff.length)}</summary>
      <ul className="list-unstyled mb-0 small">
        {diff.map((step) => (
          <li key={`${textAt(step, "op")} ${textAt(step, "path")}`} className="text-break">
            <code>{`${textAt(step, "op")} ${textAt(step, "path")}`}</code>{" "}
            {look(step, "value") === undefined ? "" : JSON.stringify(look(step, "value"))}
          </li>
        ))}
      </ul>
    </details>
  );
}
