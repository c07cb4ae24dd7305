/** The machines of the cluster. */
import type { ReactElement } from "react";
import { isReady, listAt, textAt } from "../api/look.ts";
import { useRows } from "../api/pages.ts";
import type { Object as SeamObject } from "../gen/api.ts";
import { texts } from "../texts.ts";
import { Moment, PageHead } from "../ui/parts.tsx";
import { RowsTable } from "../ui/rows.tsx";
import type { Column } from "../ui/table.tsx";

const t = texts.nodes;

const addressesOf = (node: SeamObject): string =>
  listAt(node, "status", "addresses")
    .filter((each) => textAt(each, "type") === "InternalIP")
    .map((each) => textAt(each, "address"))
    .join(", ");

const COLUMNS: readonly Column<SeamObject>[] = [
  {
    head: texts.name,
    cell: ({ metadata }) => <span className="fw-semibold">{metadata.name}</span>,
  },
  {
    head: texts.state,
    cell: (node) => (
      <span className={`badge text-bg-${isReady(node) ? "success" : "danger"}`}>
        {isReady(node) ? t.ready : t.notReady}
      </span>
    ),
  },
  { head: t.addresses, cell: addressesOf },
  { head: t.cpu, cell: (node) => textAt(node, "status", "allocatable", "cpu"), isNumber: true },
  {
    head: t.memory,
    cell: (node) => textAt(node, "status", "allocatable", "memory"),
    isNumber: true,
  },
  { head: t.pods, cell: (node) => textAt(node, "status", "allocatable", "pods"), isNumber: true },
  { head: t.kubelet, cell: (node) => textAt(node, "status", "nodeInfo", "kubeletVersion") },
  {
    head: texts.age,
    cell: (node) => <Moment at={textAt(node, "metadata", "creationTimestamp")} />,
  },
];

export function NodesPage(): ReactElement {
  const rows = useRows("listNodes", {});
  return (
    <>
      <PageHead title={t.title} about={t.about} />
      <RowsTable
        rows={rows}
        caption={t.title}
        columns={COLUMNS}
        keyOf={({ metadata }) => metadata.name}
        none={[t.none, t.noneTodo]}
      />
    </>
  );
}
