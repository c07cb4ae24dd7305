/** What a node enforces of policies, kept in table `inet seam-policy` (see policy-rules.ts), each change in one transaction. */
import { type Address, addressAt, invariant, ok, parseAddress, type Result } from "@seam/base";
import {
  type Block,
  type Changed,
  type Direction,
  gateChange,
  type GateChange,
  type PeerClass,
  type Permission,
  type PolicyChange,
  type PolicyState,
  type SideChange,
} from "@seam/state";

import { addressBytes } from "./family.ts";
import type { KernelError } from "./libc.ts";
import type { Request } from "./netlink-message.ts";
import { type NetfilterSocket, openNetfilterSocket } from "./netfilter-socket.ts";
import { OWN_NETNS } from "./netns.ts";
import { hasTable } from "./nft.ts";
import {
  changeElements,
  ifnameKey,
  markData,
  type SetElement,
  verdictData,
  type VerdictSpec,
} from "./nft-messages.ts";
import { createPolicyCounts, type PolicyCount, type PolicyCounts } from "./policy-counts.ts";
import {
  isAboutPorts,
  permissionChain,
  type Permitting,
  SETS_OF_PERMISSION,
  withoutPermission,
  withPermission,
} from "./policy-permissions.ts";
import { deniedChain, emptyTable, POLICY_TABLE, setNames, verdictKey } from "./policy-rules.ts";

/** Policies of the node in one namespace. They stay when this is disposed of. */
export type PolicyTable = Disposable & {
  /** Whether the table exists. */
  readonly exists: () => Result<boolean, KernelError>;
  /** Puts this in place of all that is there, without a moment between. */
  readonly rewrite: (state: PolicyState) => Result<null, KernelError>;
  /** Changes what was written before; after an error only `rewrite` helps. */
  readonly change: (change: PolicyChange) => Result<null, KernelError>;
  /** What was counted since the last time that this was asked, of what this wrote; `gates` are those that it wrote. */
  readonly takeCounts: (gates: PolicyState["gates"]) => Result<readonly PolicyCount[], KernelError>;
  /** Whether anybody else changed the table since the last time that this was asked. */
  readonly isDisturbed: () => boolean;
};

/** Opens the door to the policies of the node in `netns`. */
export function openPolicyTable(netns: string = OWN_NETNS): Result<PolicyTable, KernelError> {
  const opened = openNetfilterSocket(netns);
  return opened.ok ? ok(policyTable(opened.value, netns)) : opened;
}

function policyTable(socket: NetfilterSocket, netns: string): PolicyTable {
  let written = nothingWritten();
  let counts: PolicyCounts | null = null;
  const commit = (requests: readonly Request[]): Result<null, KernelError> =>
    requests.length === 0 ? ok(null) : socket.commit(requests);
  return {
    exists: () => hasTable(netns, POLICY_TABLE),
    rewrite: ({ gates, addresses, blocks }) => {
      written = nothingWritten();
      counts = createPolicyCounts(socket);
      const all: PolicyChange = {
        gates: new Map(
          [...gates].map(([device, gate]) => [device, gateChange(null, gate)] as const),
        ),
        addresses: new Map(
          [...addresses].map(([text, after]) => [text, { before: null, after }] as const),
        ),
        blocks,
      };
      return commit([...emptyTable(), ...requestsFor(written, all)]);
    },
    change: (change) => commit(requestsFor(written, change, counts)),
    takeCounts: (gates) => counts?.take(gates) ?? ok([]),
    isDisturbed: () => socket.changedByOthers()?.has(POLICY_TABLE) ?? true,
    [Symbol.dispose]: () => socket[Symbol.dispose](),
  };
}

/** What the table has: how many elements lead to the chain of each permission, and the blocks by their text. */
type Written = {
  readonly uses: Uses;
  blocks: ReadonlyMap<string, Block>;
};

/** How many elements lead, or lead more or fewer, to each permission. */
type Uses = Readonly<Record<Direction, Map<Permission, number>>>;
const noUses = (): Uses => ({ egress: new Map(), ingress: new Map() });

const nothingWritten = (): Written => ({ uses: noUses(), blocks: new Map() });

/** Elements by set, in the order of sets. */
type Elements = Map<string, SetElement[]>;

type Difference = {
  readonly added: Elements;
  readonly deleted: Elements;
  readonly uses: Uses;
};

/** The transaction for a change, which is taken as made. */
function requestsFor(
  written: Written,
  change: PolicyChange,
  counts: PolicyCounts | null = null,
): readonly Request[] {
  const difference: Difference = { added: new Map(), deleted: new Map(), uses: noUses() };
  for (const [text, { before, after }] of change.addresses)
    compareAddress(difference, text, { before, after });
  for (const [device, gate] of change.gates) changeGate(difference, device, gate);
  if (change.blocks !== null) compareBlocks(difference, written, change.blocks);
  for (const [set, elements] of difference.deleted) counts?.forget(set, elements);
  const { made, unused } = countUses(written.uses, difference.uses);
  return [
    ...made.flatMap((permission, index) =>
      withPermission(permission, FIRST_ID + index * SETS_OF_PERMISSION),
    ),
    ...elementRequests("delete", difference.deleted),
    ...elementRequests("add", difference.added),
    ...unused.map(withoutPermission),
  ];
}

/** Above the numbers of the sets that every table has. */
const FIRST_ID = 100;

const elementRequests = (change: "add" | "delete", sets: Elements): readonly Request[] =>
  [...sets].flatMap(([name, elements]) =>
    changeElements(change, { table: POLICY_TABLE, name }, elements),
  );

function put(sets: Elements, name: string, element: SetElement): void {
  const list = sets.get(name);
  if (list === undefined) sets.set(name, [element]);
  else list.push(element);
}

function compareAddress(
  { added, deleted }: Difference,
  text: string,
  { before, after }: Changed<PeerClass | null>,
): void {
  const parsed = parseAddress(text);
  invariant(parsed.ok, `not an address: ${text}`);
  const key = addressBytes(parsed.value);
  const name = setNames.classes(parsed.value.family);
  if (before !== null) put(deleted, name, { key });
  if (after !== null) put(added, name, { key, data: markData(after) });
}

function changeGate(
  difference: Difference,
  device: string,
  { addresses, ...sides }: GateChange,
): void {
  if (addresses.before !== addresses.after) {
    putOwn(difference.deleted, device, addresses.before);
    putOwn(difference.added, device, addresses.after);
  }
  for (const direction of ["egress", "ingress"] as const)
    changeSide(difference, { device, direction }, sides[direction]);
}

function putOwn(sets: Elements, device: string, addresses: readonly Address[]): void {
  for (const address of addresses) {
    const key = Buffer.concat([ifnameKey(device), addressBytes(address)]);
    put(sets, setNames.own(address.family), { key });
  }
}

type Side = { readonly device: string; readonly direction: Direction };

function changeSide(
  { added, deleted, uses }: Difference,
  { device, direction }: Side,
  { open, rules }: SideChange,
): void {
  const element = { key: ifnameKey(device) };
  if (open.before && !open.after) put(deleted, setNames.open(direction), element);
  if (open.after && !open.before) put(added, setNames.open(direction), element);
  const used = (permission: Permission, more: 1 | -1): void => {
    const of = uses[direction];
    if (isAboutPorts(permission)) of.set(permission, (of.get(permission) ?? 0) + more);
  };
  for (const [peers, { before, after }] of rules) {
    const key = verdictKey(device, peers);
    if (before !== null) {
      put(deleted, direction, { key });
      used(before, -1);
    }
    if (after !== null) {
      const data = verdictData(verdictOf({ direction, permission: after }));
      put(added, direction, { key, data });
      used(after, 1);
    }
  }
}

function verdictOf(permitting: Permitting): VerdictSpec {
  const { direction, permission } = permitting;
  if (permission === "all") return "return";
  return { goto: permission === "none" ? deniedChain(direction) : permissionChain(permitting) };
}

type Counted = { readonly made: readonly Permitting[]; readonly unused: readonly Permitting[] };

function countUses(uses: Uses, difference: Uses): Counted {
  const made: Permitting[] = [];
  const unused: Permitting[] = [];
  for (const direction of ["egress", "ingress"] as const) {
    const of = uses[direction];
    for (const [permission, more] of difference[direction]) {
      const before = of.get(permission) ?? 0;
      const after = before + more;
      if (before === 0 && after > 0) made.push({ direction, permission });
      if (before > 0 && after === 0) unused.push({ direction, permission });
      if (after === 0) of.delete(permission);
      else of.set(permission, after);
    }
  }
  return { made, unused };
}

/** A block is two elements of its set, the second where it has ended. */
function compareBlocks(
  { added, deleted }: Difference,
  written: Written,
  after: readonly Block[],
): void {
  const texts = new Map(after.map((block) => [JSON.stringify(block), block]));
  for (const [text, block] of written.blocks) if (!texts.has(text)) putBlock(deleted, block);
  for (const [text, block] of texts) if (!written.blocks.has(text)) putBlock(added, block);
  written.blocks = texts;
}

function putBlock(sets: Elements, { first, last, peers }: Block): void {
  const name = setNames.blocks(first.family);
  put(sets, name, { key: addressBytes(first), data: markData(peers) });
  // None behind the last address of the family.
  const end = addressAt({ address: last, length: 0 }, 1n);
  if (end !== null) put(sets, name, { key: addressBytes(end), isEnd: true });
}
