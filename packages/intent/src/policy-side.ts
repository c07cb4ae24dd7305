/** One direction of a link: the policies that isolate it, and what their rules let each class use. */
import { FAMILIES, type Family } from "@seam/base";
import {
  ANY,
  type Direction,
  formatPermission,
  type GateRules,
  type PeerClass,
  type Permission,
  type PortRange,
  type Transport,
} from "@seam/state";

import { givingTo } from "./policy-giving.ts";
import type { Peers } from "./policy-peers.ts";
import type { PolicyPod } from "./policy-pod.ts";
import type { NamedPort, Peer, Policy, Ports, Rule } from "./policy-reading.ts";
import { type AddressClass, portsNamed, type Term, type TermUser } from "./policy-terms.ts";

/** One direction of a link. */
export type Side = TermUser & {
  /** Takes these policies of the pod, those that isolate the direction, in place of those before. */
  readonly govern: (
    policies: readonly (readonly [string, Policy])[],
    ports: PolicyPod["ports"],
  ) => void;
  /** The rules now, null when nothing is isolated; these classes came or went since the last time. */
  readonly rules: (changed: ReadonlySet<AddressClass>) => GateRules | null;
  /** Keys of the policies; null when nothing is isolated. */
  readonly policies: () => readonly string[] | null;
  /** Keys of those of them that have a rule about peers of the class. */
  readonly policiesFor: (peers: PeerClass) => readonly string[];
};

type SideOptions = {
  readonly device: string;
  readonly direction: Direction;
  readonly peers: Pick<Peers, "acquire" | "release">;
};

/** What a peer may use. */
type Grant = { all: boolean; readonly ranges: PortRange[] };

/** What all policies together let pass; of a term with a named port the token says which. */
type Grants = {
  readonly any: Readonly<Record<Family, Grant>>;
  readonly terms: ReadonlyMap<Term, Grant>;
};

/** A direction that nothing isolates. */
export function createSide({ device, direction, peers }: SideOptions): Side {
  let keys: readonly string[] | null = null;
  let isolating: Parameters<typeof givingTo>[1] = [];
  let grants: Grants | null = null;
  let rules: GateRules | null = null;
  let isDue = false;
  const drop = (term: Term, after: Grants | null): void => {
    if (after?.terms.has(term) !== true) term.users.delete(side);
    peers.release(term);
  };
  const side: Side = {
    device,
    govern: (policies, ports) => {
      isolating = policies.flatMap(([key, { [direction]: list }]) =>
        list === null ? [] : [{ key, rules: list }],
      );
      const before = grants;
      keys = isolating.length === 0 ? null : isolating.map(({ key }) => key);
      const list = isolating.flatMap((each) => each.rules);
      grants = keys === null ? null : grantsOf(list, { direction, ports, peers });
      // What is in use before and after is never out of use between.
      for (const term of grants?.terms.keys() ?? []) term.users.add(side);
      for (const term of before?.terms.keys() ?? []) drop(term, grants);
      isDue = true;
    },
    rules: (changed) => {
      if (grants === null) rules = null;
      else if (isDue || rules === null) rules = asBefore(rules, allRules(grants));
      else rules = patched(rules, grants, changed);
      isDue = false;
      return rules;
    },
    policies: () => keys,
    policiesFor: (given) => givingTo(given, isolating, grants?.terms.keys() ?? []),
  };
  return side;
}

type Context = Pick<SideOptions, "direction" | "peers"> & { readonly ports: PolicyPod["ports"] };

function grantsOf(rules: readonly Rule[], context: Context): Grants {
  const { peers } = context;
  const any = { ipv4: newGrant(), ipv6: newGrant() };
  const terms = new Map<Term, Grant>();
  const grantOf = (peer: Peer | null, named: NamedPort | null): Grant => {
    const term = peers.acquire(peer, named);
    const found = terms.get(term);
    if (found !== undefined) peers.release(term);
    const grant = found ?? newGrant();
    terms.set(term, grant);
    return grant;
  };
  for (const { peers: named, ports } of rules) {
    const { own, ofPeers } = resolve(ports, context);
    for (const peer of named ?? [null]) {
      const everywhere = familiesOf(peer);
      const grants = everywhere?.map((each) => any[each]) ?? [grantOf(peer, null)];
      for (const grant of grants) extend(grant, own);
      for (const name of ofPeers) grantOf(peer, name);
    }
  }
  return { any, terms };
}

const newGrant = (): Grant => ({ all: false, ranges: [] });

function extend(grant: Grant, ports: "all" | readonly PortRange[]): void {
  if (ports === "all") grant.all = true;
  else grant.ranges.push(...ports);
}

/** The families of which a peer means every address, or null when it means some addresses only. */
function familiesOf(peer: Peer | null): readonly Family[] | null {
  if (peer === null) return FAMILIES;
  if (peer.kind !== "block" || peer.cidr.length > 0 || peer.except.length > 0) return null;
  return [peer.cidr.address.family];
}

type Resolved = {
  readonly own: "all" | readonly PortRange[];
  /** Names that each peer has a number of its own for. */
  readonly ofPeers: readonly NamedPort[];
};

/** Names of ports are those of the pod that is spoken to. */
function resolve(rulePorts: Ports, { direction, ports }: Context): Resolved {
  if (rulePorts === "all") return { own: "all", ofPeers: [] };
  const { ranges, named } = rulePorts;
  if (direction === "egress") return { own: ranges, ofPeers: named };
  const found = named.flatMap((each) =>
    portsNamed(ports, each).map((port) => onePort(each.protocol, port)),
  );
  return { own: [...ranges, ...found], ofPeers: [] };
}

const onePort = (protocol: Transport, port: number): PortRange => ({
  protocol,
  first: port,
  last: port,
});

const textOf = ({ all, ranges }: Grant): Permission =>
  all ? "all" : formatPermission({ ranges, other: false });

/** What addresses of a class may use: all that any rule gives to any of what they are. */
function permissionOf({ any, terms }: Grants, { family, tokens }: AddressClass): Permission {
  const base = any[family];
  const grant: Grant = { all: base.all, ranges: [...base.ranges] };
  for (const { term, port } of tokens) {
    const given = terms.get(term);
    if (given === undefined) continue;
    if (given.all) grant.all = true;
    grant.ranges.push(...given.ranges);
    if (port !== null && term.named !== null) grant.ranges.push(onePort(term.named.protocol, port));
  }
  return textOf(grant);
}

function allRules(grants: Grants): GateRules {
  const rules = new Map<PeerClass, Permission>();
  for (const family of FAMILIES) {
    const text = textOf(grants.any[family]);
    if (text !== NOTHING) rules.set(ANY[family], text);
  }
  for (const term of grants.terms.keys())
    for (const each of term.classes) if (!rules.has(each.number)) put(rules, grants, each);
  return rules;
}

const NOTHING: Permission = "none";

/** A class that may use what everybody may needs no entry. */
function put(rules: Map<PeerClass, Permission>, grants: Grants, each: AddressClass): void {
  const text = permissionOf(grants, each);
  if (text === (rules.get(ANY[each.family]) ?? NOTHING)) rules.delete(each.number);
  else rules.set(each.number, text);
}

/** The rules with the classes that came, without those that went; the same object when none concerns them. */
function patched(before: GateRules, grants: Grants, changed: ReadonlySet<AddressClass>): GateRules {
  const rules = new Map(before);
  for (const each of changed) {
    const isMeant = each.tokens.some(({ term }) => grants.terms.has(term));
    if (each.refs > 0 && isMeant) put(rules, grants, each);
    else rules.delete(each.number);
  }
  return asBefore(before, rules);
}

/** The earlier rules, when the later ones are equal. */
function asBefore(before: GateRules | null, after: GateRules): GateRules {
  if (before?.size !== after.size) return after;
  for (const [peers, permission] of after) if (before.get(peers) !== permission) return after;
  return before;
}
