/** Tables of any length: only rows near those in view are in the page, in the order that they were given. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactElement, type ReactNode, useRef } from "react";

/** A column; `isNumber` puts it to the right. */
export type Column<T> = {
  readonly head: string;
  readonly cell: (row: T) => ReactNode;
  readonly isNumber?: boolean;
};

type Props<T> = {
  readonly caption: string;
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  readonly keyOf: (row: T) => string | number;
  readonly children?: ReactNode;
};

const ROW_PX = 45;

/** `children` stand below the rows, such as a button for more. */
export function Table<T>({ caption, columns, rows, keyOf, children }: Props<T>): ReactElement {
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: 20,
    initialRect: { width: 800, height: 900 },
  });
  const items = virtual.getVirtualItems();
  const before = items[0]?.start ?? 0;
  const after = virtual.getTotalSize() - (items.at(-1)?.end ?? 0);
  return (
    // The region scrolls, so the keyboard must get to it (WCAG 2.1.1).
    <div
      className="table-scroller border rounded-3"
      ref={scroller}
      tabIndex={0}
      role="region"
      aria-label={caption}
    >
      <table className="table table-hover align-middle mb-0" aria-rowcount={rows.length + 1}>
        <caption className="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ head, isNumber = false }) => (
              <th key={head} scope="col" className={isNumber ? "text-end" : ""}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <Gap height={before} columns={columns.length} />
          {items.map(({ index }) => {
            const row = rows[index];
            return row === undefined ? null : (
              <Row key={keyOf(row)} row={row} columns={columns} number={index + 2} />
            );
          })}
          <Gap height={after} columns={columns.length} />
        </tbody>
      </table>
      {children}
    </div>
  );
}

type RowProps<T> = {
  readonly row: T;
  readonly columns: readonly Column<T>[];
  readonly number: number;
};

const Row = <T,>({ row, columns, number }: RowProps<T>): ReactElement => (
  <tr aria-rowindex={number}>
    {columns.map(({ head, cell, isNumber = false }) => (
      <td key={head} className={isNumber ? "text-end font-monospace" : ""}>
        {cell(row)}
      </td>
    ))}
  </tr>
);

type GapProps = { readonly height: number; readonly columns: number };

/** Room of the rows that are not there. */
const Gap = ({ height, columns }: GapProps): ReactElement | null =>
  height <= 0 ? null : (
    <tr aria-hidden="true">
      <td colSpan={columns} style={{ height, padding: 0 }} />
    </tr>
  );
