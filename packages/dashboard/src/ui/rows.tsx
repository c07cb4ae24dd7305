/** A list that comes in pages, as a table; with what to do when there is nothing. */
import type { ReactElement, ReactNode } from "react";
import type { Rows } from "../api/pages.ts";
import { texts } from "../texts.ts";
import { Empty, Waiting } from "./parts.tsx";
import { ProblemAlert } from "./problem.tsx";
import { type Column, Table } from "./table.tsx";

type Props<T> = {
  readonly rows: Rows<T>;
  readonly caption: string;
  readonly columns: readonly Column<T>[];
  readonly keyOf: (row: T) => string | number;
  readonly none: readonly [title: string, todo: string];
  readonly noneAction?: ReactNode;
};

export function RowsTable<T>(props: Props<T>): ReactElement {
  const { rows, caption, columns, keyOf, none, noneAction } = props;
  const { data, error, refetch, more } = rows;
  if (data === undefined)
    return error === null ? <Waiting /> : <ProblemAlert error={error} onAgain={refetch} />;
  const [title, todo] = none;
  return (
    <>
      {error === null ? null : <ProblemAlert error={error} onAgain={refetch} />}
      {data.length === 0 ? (
        <Empty title={title} todo={todo}>
          {noneAction}
        </Empty>
      ) : (
        <Table caption={caption} columns={columns} rows={data} keyOf={keyOf}>
          {more === null ? null : (
            <button type="button" className="btn btn-link" onClick={more}>
              {texts.more}
            </button>
          )}
        </Table>
      )}
    </>
  );
}
