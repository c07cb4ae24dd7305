/** What a node enforces of policies, kept in table `inet seam-policy` (see policy-rules.ts), each change in one transaction. */
import { type Address, addressAt, invariant, ok, parseAddress, type Result } from "@seam/base";
import {
  type Block,
  type Changed,
  GATE_SIDES,
  gateChange,
  type GateChange,
  type GateSide,
  hostGateChange,
  type PeerClass,
  type PolicyChange,
  type PolicyState,
  type SideChange,
} from "@seam/state";

import { addressBytes } from "./family.ts";
import type { KernelError } from "./libc.ts";
import { type Request, uint32Network } from "./netlink-message.ts";
import { type NetfilterSocket, openNetfilterSocket } from "./netfilter-socket.ts";
import { OWN_NETNS } from "./netns.ts";
import { createHostCounts, type HostCount, type HostCounts } from "./host-counts.ts";
import { changeHosts } from "./host-table.ts";
import { hasTable } from "./nft.ts";
import { ownNodeHook, ownNodeRules } from "./own-node-rules.ts";
import { ifnameKey } from "./nft-keys.ts";
import { changeElements, listIn, valueData } from "./nft-messages.ts";
import {
  changeRules,
  countUses,
  type Difference,
  type Elements,
  noDifference,
  noUses,
  put,
  putChanged,
  type Uses,
} from "./policy-change.ts";
import { inSlices, type Sliced, wholly } from "./slices.ts";
import { createPolicyCounts, type PolicyCount, type PolicyCounts } from "./policy-counts.ts";
import { SETS_OF_PERMISSION, withoutPermission, withPermission } from "./policy-permissions.ts";
import { emptyTable, FIRST_RULES, POLICY_TABLE, setNames, verdictKey } from "./policy-rules.ts";

/** Policies of the node in one namespace. They stay when this is disposed of. */
export type PolicyTable = Disposable & {
  /** Whether the table exists and still judges what is forwarded. */
  readonly isThere: () => Result<boolean, KernelError>;
  /** Puts in place of all that is there what lets no pod speak, neither to its node. */
  readonly close: () => Result<null, KernelError>;
  /** Puts this in place of all that is there, without a moment between. */
  readonly rewrite: (state: PolicyState) => Result<null, KernelError>;
  /**
   * The same beside other work, which for a node full of pods takes some hundred milliseconds. Until it is done the state must stay as it
   * is, nothing else is to be written, nothing new is counted, and nobody counts as having changed the table.
   */
  readonly rewriteBeside: (state: PolicyState) => Promise<Result<null, KernelError>>;
  /** Changes what was written before; after an error only `rewrite` helps. */
  readonly change: (change: PolicyChange) => Result<null, KernelError>;
  /** What was counted since the last time that this was asked, of what this wrote; `gates` are those that it wrote. */
  readonly takeCounts: (gates: PolicyState["gates"]) => Result<readonly PolicyCount[], KernelError>;
  /** What was counted at the node's own interfaces, the same way. */
  readonly takeHostCounts: (
    gates: PolicyState["hosts"],
  ) => Result<readonly HostCount[], KernelError>;
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
  let hostCounts: HostCounts | null = null;
  let isBusy = false;
  const forget: PolicyCounts["forget"] = (set, keys) => {
    for (const each of [counts, hostCounts]) each?.forget(set, keys);
  };
  /** The requests of a table that is written anew. */
  const anew = (state: PolicyState): Sliced<readonly Request[]> => {
    invariant(!isBusy, "policies are written one after another");
    written = nothingWritten();
    counts = createPolicyCounts(socket);
    hostCounts = null;
    return requestsAnew(written, state);
  };
  return {
    isThere: () => isThere(socket, netns),
    close: () => {
      const closed = wholly(anew(NOTHING));
      written.hasNodeHook = true;
      return socket.commit([...closed, ...ownNodeHook()]);
    },
    rewrite: (state) => socket.commit(wholly(anew(state))),
    rewriteBeside: async (state) => {
      const requests = anew(state);
      isBusy = true;
      try {
        return await socket.commitBeside(await inSlices(requests));
      } finally {
        isBusy = false;
      }
    },
    change: (change) => {
      invariant(!isBusy, "policies are written one after another");
      const requests = wholly(requestsFor(written, change, forget));
      // What was counted goes with the last gate.
      if (written.hosts.size === 0) hostCounts = null;
      return requests.length === 0 ? ok(null) : socket.commit(requests);
    },
    takeCounts: (gates) => (isBusy ? ok([]) : (counts?.take(gates) ?? ok([]))),
    takeHostCounts: (gates) => {
      if (isBusy || written.hosts.size === 0) return ok([]);
      hostCounts ??= createHostCounts(socket);
      return hostCounts.take(gates);
    },
    isDisturbed: () => !isBusy && (socket.changedByOthers()?.has(POLICY_TABLE) ?? true),
    [Symbol.dispose]: () => socket[Symbol.dispose](),
  };
}

function isThere(
  socket: Pick<NetfilterSocket, "list">,
  netns: string,
): Result<boolean, KernelError> {
  const exists = hasTable(netns, POLICY_TABLE);
  if (!exists.ok || !exists.value) return exists;
  const listed = socket.list(listIn("getRules", POLICY_TABLE, "forward"));
  if (listed.ok) return ok(listed.value.length >= FIRST_RULES);
  return listed.error.errno === "ENOENT" ? ok(false) : listed;
}

const NOTHING: PolicyState = {
  gates: new Map(),
  addresses: new Map(),
  blocks: [],
  hosts: new Map(),
};

/** What the table has: how many elements lead to the chain of each permission, which interfaces, and the blocks by their text. */
type Written = {
  readonly uses: Uses;
  /** Interfaces of the node that have a gate, or `ANY_INTERFACE`. */
  readonly hosts: Set<string>;
  blocks: ReadonlyMap<string, Block>;
  /** Whether packets from pods to the node come by. */
  hasNodeHook: boolean;
};

const nothingWritten = (): Written => ({
  uses: noUses(),
  hosts: new Set(),
  blocks: new Map(),
  hasNodeHook: false,
});

/** The transaction for a table in place of any that is there. */
function* requestsAnew(
  written: Written,
  { gates, addresses, blocks, hosts }: PolicyState,
): Sliced<readonly Request[]> {
  const all: PolicyChange = {
    gates: new Map([...gates].map(([device, gate]) => [device, gateChange(null, gate)] as const)),
    addresses: new Map(
      [...addresses].map(([text, after]) => [text, { before: null, after }] as const),
    ),
    blocks,
    hosts: new Map([...hosts].map(([name, gate]) => [name, hostGateChange(null, gate)] as const)),
  };
  yield;
  return [...emptyTable(), ...ownNodeRules(), ...(yield* requestsFor(written, all))];
}

/** The transaction for a change, which is taken as made. */
function* requestsFor(
  written: Written,
  change: PolicyChange,
  forget: PolicyCounts["forget"] = () => undefined,
): Sliced<readonly Request[]> {
  const difference = noDifference();
  for (const [text, { before, after }] of change.addresses) {
    compareAddress(difference, text, { before, after });
    yield;
  }
  for (const [device, gate] of change.gates) {
    changeGate(difference, device, gate);
    yield;
  }
  const hosts = changeHosts(difference, written.hosts, change.hosts);
  if (change.blocks !== null) compareBlocks(difference, written, change.blocks);
  for (const [set, elements] of difference.deleted)
    forget(
      set,
      elements.map(({ key }) => key),
    );
  const areHostsGone = hosts.unused.length > 0;
  const { made, unused } = countUses(
    written.uses,
    difference.uses,
    (judged) => areHostsGone && GATE_SIDES.every((side) => side !== judged),
  );
  return [
    ...hookFor(written, change.gates),
    ...hosts.made,
    ...made.flatMap((permission, index) =>
      withPermission(permission, FIRST_ID + index * SETS_OF_PERMISSION),
    ),
    ...(yield* elementRequests("delete", difference.deleted)),
    ...(yield* elementRequests("add", difference.added)),
    ...unused.flatMap(withoutPermission),
    ...hosts.unused,
  ];
}

/** The first link with rules about its node brings the hook, which then stays. */
function hookFor(written: Written, gates: PolicyChange["gates"]): readonly Request[] {
  const isAsked = ({ exists, node }: GateChange): boolean => exists && !node.open.after;
  if (written.hasNodeHook || ![...gates.values()].some(isAsked)) return [];
  written.hasNodeHook = true;
  return ownNodeHook();
}

/** Above the numbers of the sets that every table has. */
const FIRST_ID = 100;

/** Elements of a message, an even number for the two ends of blocks. */
const ELEMENTS = 512;

function* elementRequests(change: "add" | "delete", sets: Elements): Sliced<readonly Request[]> {
  const requests: Request[] = [];
  for (const [name, elements] of sets)
    for (let at = 0; at < elements.length; at += ELEMENTS) {
      const some = elements.slice(at, at + ELEMENTS);
      requests.push(...changeElements(change, { table: POLICY_TABLE, name }, some));
      yield;
    }
  return requests;
}

const classData = (peers: PeerClass): Buffer => valueData(uint32Network(peers));

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
  if (after !== null) put(added, name, { key, data: classData(after) });
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
  for (const side of GATE_SIDES) changeSide(difference, { device, side }, sides[side]);
}

function putOwn(sets: Elements, device: string, addresses: readonly Address[]): void {
  for (const address of addresses) {
    const key = Buffer.concat([ifnameKey(device), addressBytes(address)]);
    put(sets, setNames.own(address.family), { key });
  }
}

type Side = { readonly device: string; readonly side: GateSide };

function changeSide(
  difference: Difference,
  { device, side }: Side,
  { open, rules }: SideChange,
): void {
  putChanged(difference, setNames.open(side), { key: ifnameKey(device), ...open });
  const keyOf = (peers: PeerClass): Buffer => verdictKey(device, peers);
  changeRules(difference, { map: side, judged: side, keyOf }, rules);
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
  put(sets, name, { key: addressBytes(first), data: classData(peers) });
  // None behind the last address of the family.
  const end = addressAt({ address: last, length: 0 }, 1n);
  if (end !== null) put(sets, name, { key: addressBytes(end), isEnd: true });
}
