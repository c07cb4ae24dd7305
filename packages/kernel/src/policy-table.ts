/** What a node enforces of policies, kept in table `inet seam-policy` (see policy-rules.ts), each change in one transaction. */
import { addressAt, invariant, ok, parseAddress, type Result } from "@seam/base";
import type {
  Block,
  Direction,
  Gate,
  GateRules,
  PeerClass,
  Permission,
  PolicyChange,
  PolicyState,
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
  deniedChain,
  emptyTable,
  isAboutPorts,
  permissionChain,
  type Permitting,
  POLICY_TABLE,
  setNames,
  SETS_OF_PERMISSION,
  verdictKey,
  withoutPermission,
  withPermission,
} from "./policy-rules.ts";

/** Policies of the node in one namespace. They stay when this is disposed of. */
export type PolicyTable = Disposable & {
  /** Whether the table exists. */
  readonly exists: () => Result<boolean, KernelError>;
  /** Puts this in place of all that is there, without a moment between. */
  readonly rewrite: (state: PolicyState) => Result<null, KernelError>;
  /** Changes what was written before; after an error only `rewrite` helps. */
  readonly change: (change: PolicyChange) => Result<null, KernelError>;
  /** What was counted since the last time that this was asked, of what this wrote. */
  readonly takeCounts: () => Result<readonly PolicyCount[], KernelError>;
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
        gates,
        addresses: new Map(
          [...addresses].map(([text, after]) => [text, { before: null, after }] as const),
        ),
        blocks,
      };
      return commit([...emptyTable(), ...requestsFor(written, all)]);
    },
    change: (change) => commit(requestsFor(written, change, counts)),
    takeCounts: () => counts?.take(written.gates) ?? ok([]),
    isDisturbed: () => socket.changedByOthers()?.has(POLICY_TABLE) ?? true,
    [Symbol.dispose]: () => socket[Symbol.dispose](),
  };
}

/** What the table has: the gates, how many elements lead to the chain of each permission, and the blocks by their text. */
type Written = {
  readonly gates: Map<string, Gate>;
  readonly uses: Uses;
  blocks: ReadonlyMap<string, Block>;
};

/** How many elements lead, or lead more or fewer, to each permission. */
type Uses = Readonly<Record<Direction, Map<Permission, number>>>;
const noUses = (): Uses => ({ egress: new Map(), ingress: new Map() });

const nothingWritten = (): Written => ({ gates: new Map(), uses: noUses(), blocks: new Map() });

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
  for (const [device, gate] of change.gates) {
    compareGates(difference, written.gates.get(device) ?? null, gate);
    if (gate === null) written.gates.delete(device);
    else written.gates.set(device, gate);
  }
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
  { before, after }: { readonly before: PeerClass | null; readonly after: PeerClass | null },
): void {
  const parsed = parseAddress(text);
  invariant(parsed.ok, `not an address: ${text}`);
  const key = addressBytes(parsed.value);
  const name = setNames.classes(parsed.value.family);
  if (before !== null) put(deleted, name, { key });
  if (after !== null) put(added, name, { key, data: markData(after) });
}

function compareGates(difference: Difference, before: Gate | null, after: Gate | null): void {
  if (before?.addresses !== after?.addresses) {
    putOwn(difference.deleted, before);
    putOwn(difference.added, after);
  }
  const device = (after ?? before)?.device ?? "";
  for (const direction of ["egress", "ingress"] as const)
    compareSides(difference, { device, direction }, [before?.[direction], after?.[direction]]);
}

/** Rules, null when everything passes, undefined when nothing does. */
type SideRules = GateRules | null | undefined;

function compareSides(
  difference: Difference,
  side: Side,
  [from, to]: readonly [SideRules, SideRules],
): void {
  const name = setNames.open(side.direction);
  const element = { key: ifnameKey(side.device) };
  if (from === null && to !== null) put(difference.deleted, name, element);
  if (to === null && from !== null) put(difference.added, name, element);
  compareRules(difference, side, { from: from ?? NONE, to: to ?? NONE });
}

function putOwn(sets: Elements, gate: Gate | null): void {
  for (const address of gate?.addresses ?? []) {
    const key = Buffer.concat([ifnameKey(gate?.device ?? ""), addressBytes(address)]);
    put(sets, setNames.own(address.family), { key });
  }
}

const NONE: GateRules = new Map();

type Side = { readonly device: string; readonly direction: Direction };
type Rules = { readonly from: GateRules; readonly to: GateRules };

function compareRules(
  { added, deleted, uses }: Difference,
  { device, direction }: Side,
  { from, to }: Rules,
): void {
  const used = (permission: Permission, more: 1 | -1): void => {
    const of = uses[direction];
    if (isAboutPorts(permission)) of.set(permission, (of.get(permission) ?? 0) + more);
  };
  for (const [peers, permission] of from) {
    if (to.get(peers) === permission) continue;
    put(deleted, direction, { key: verdictKey(device, peers) });
    used(permission, -1);
  }
  for (const [peers, permission] of to) {
    if (from.get(peers) === permission) continue;
    put(added, direction, {
      key: verdictKey(device, peers),
      data: verdictData(verdictOf({ direction, permission })),
    });
    used(permission, 1);
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
