/** Bandwidth by nodes: what they can carry, what is reserved, what is measured. */
import { type ReactElement, useState } from "react";
import { at, listAt, numberAt, textAt } from "../api/look.ts";
import { useRows } from "../api/pages.ts";
import type { Object as SeamObject } from "../gen/api.ts";
import { texts } from "../texts.ts";
import { Dialog } from "../ui/dialog.tsx";
import { PageHead } from "../ui/parts.tsx";
import { RowsTable } from "../ui/rows.tsx";
import type { Column } from "../ui/table.tsx";

const t = texts.bandwidth;
const LOOK_MS = 4000;

type Direction = "ulMbps" | "dlMbps";

function Share({
  node,
  direction,
}: {
  readonly node: SeamObject;
  readonly direction: Direction;
}): ReactElement {
  const whole = numberAt(node, "status", "capacity", "network", direction);
  const used = numberAt(node, "status", "used", "network", direction);
  const name = `${node.metadata.name} ${direction === "ulMbps" ? t.out : t.in}`;
  return (
    <div className="share">
      <progress className="w-100" aria-label={name} max={Math.max(whole, 1)} value={used} />
      <div className="small">{t.share(used, whole)}</div>
    </div>
  );
}

function measuredOf(node: SeamObject): string {
  const measured = at(node, "status", "measured", "network");
  if (measured === undefined) return t.unmeasured;
  return `${numberAt(measured, "ulMbps")} / ${numberAt(measured, "dlMbps")}`;
}

const columnsFor = (onNode: (node: SeamObject) => void): readonly Column<SeamObject>[] => [
  { head: t.node, cell: ({ metadata }) => <span className="fw-semibold">{metadata.name}</span> },
  { head: t.out, cell: (node) => <Share node={node} direction="ulMbps" /> },
  { head: t.in, cell: (node) => <Share node={node} direction="dlMbps" /> },
  { head: t.measured, cell: measuredOf, isNumber: true },
  {
    head: t.pods,
    cell: (node) => (
      <button
        type="button"
        className="btn btn-sm btn-outline-primary"
        aria-label={`${listAt(node, "status", "reservations").length}: ${t.reservations(node.metadata.name)}`}
        onClick={() => onNode(node)}
      >
        {listAt(node, "status", "reservations").length}
      </button>
    ),
    isNumber: true,
  },
  { head: texts.state, cell: (node) => textAt(node, "status", "errorReason") },
];

export function BandwidthPage(): ReactElement {
  const rows = useRows("listBandwidths", {}, { everyMs: LOOK_MS });
  const [chosen, setChosen] = useState<SeamObject | null>(null);
  return (
    <>
      <PageHead title={t.title} about={t.about} />
      <RowsTable
        rows={rows}
        caption={t.title}
        columns={columnsFor(setChosen)}
        keyOf={({ metadata }) => metadata.name}
        none={[t.none, t.noneTodo]}
      />
      {chosen === null ? null : <Reservations node={chosen} onClose={() => setChosen(null)} />}
    </>
  );
}

/** Of the network, or where a pod has only that, between pods of the node. */
function askedOf(reservation: unknown): string {
  const part = at(reservation, "bandwidth", "network") ?? at(reservation, "bandwidth", "local");
  return `${numberAt(part, "ulMbps")} / ${numberAt(part, "dlMbps")}`;
}

type ReservationsProps = { readonly node: SeamObject; readonly onClose: () => void };

const Reservations = ({ node, onClose }: ReservationsProps): ReactElement => (
  <Dialog title={t.reservations(node.metadata.name)} onClose={onClose}>
    <table className="table">
      <thead>
        <tr>
          <th scope="col">{t.pod}</th>
          <th scope="col" className="text-end">
            {t.asked}
          </th>
        </tr>
      </thead>
      <tbody>
        {listAt(node, "status", "reservations").map((each) => (
          <tr key={textAt(each, "podUid")}>
            <th scope="row">{`${textAt(each, "namespace")}/${textAt(each, "podName")}`}</th>
            <td className="text-end font-monospace">{askedOf(each)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  </Dialog>
);
