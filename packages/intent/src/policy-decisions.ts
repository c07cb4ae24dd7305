/** What policies let each class of peers use in one direction of a link: their rules in order, worked out over sets of ports. */
import { FAMILIES, type Family } from "@seam/base";
import {
  ALL_PORTS,
  formatPermission,
  intersectPorts,
  NO_PORTS,
  type Permission,
  portSet,
  type PortSet,
  subtractPorts,
  type Transport,
  uniteAllPorts,
  unitePorts,
} from "@seam/state";

import type { Action, Condition, NamedPort, Peer, Ports, Rule, Tier } from "./policy-model.ts";
import type { PolicyPod } from "./policy-pod.ts";
import type { Ranked } from "./policy-table.ts";
import { type AddressClass, portsNamed, type Term, type Token } from "./policy-terms.ts";

/** Rules that come one after another and do the same, between which order means nothing; or the end of a tier. */
type Step = { readonly action: Action } | Pick<Tier, "otherwise">;

/** What is said about somebody, by the number of the step; nothing where it has no set. */
type Said = readonly (PortSet | undefined)[];

type ByFamily<T> = Readonly<Record<Family, T>>;

/** What a step says about addresses with a token of all these terms, and of none of those. */
type Conditional = {
  readonly family: Family;
  readonly all: readonly Term[];
  readonly none: readonly Term[];
  readonly set: PortSet;
};

/** What all policies of a direction together say; of a term with a named port the token says which port that is. */
export type Decisions = {
  readonly steps: readonly Step[];
  /** About every address of a family. */
  readonly any: ByFamily<Said>;
  readonly terms: ReadonlyMap<Term, ByFamily<Said>>;
  /** By step. */
  readonly conditions: readonly (readonly Conditional[] | undefined)[];
  /** More rules about somebody let more pass. */
  readonly onlyAccepts: boolean;
};

/** What decisions are made for. */
export type DecisionContext = {
  readonly direction: "ingress" | "egress";
  /** Of the link's own pod. */
  readonly ports: PolicyPod["ports"];
  /** Whether a rule's condition is true of it, by its address of the family. */
  readonly isMet: (
    own: Condition,
    of: { readonly action: Action; readonly family: Family },
  ) => boolean;
  /** What no tier decides about is denied. */
  readonly isClosedAtEnd: boolean;
  readonly acquire: (peer: Peer | null, named: NamedPort | null) => Term;
  readonly release: (term: Term) => void;
};

/** Policies that say something about the direction, in their order; each term is used once, by the decisions. */
export function decisionsOf(policies: readonly Ranked[], context: DecisionContext): Decisions {
  const steps: Step[] = [];
  const drafts = createDrafts(context);
  for (const [at, { policy, tier }] of policies.entries()) {
    for (const rule of policy[context.direction] ?? [])
      addRule(rule, { step: stepOf(rule, steps), drafts, context });
    const isLast = policies[at + 1]?.policy.tier !== policy.tier;
    if (isLast) steps.push({ otherwise: tier.otherwise });
  }
  if (context.isClosedAtEnd) steps.push({ otherwise: "deny" });
  const finished = drafts.finish();
  return { steps, ...finished, onlyAccepts: isAccepting(steps) && isMonotonic(finished) };
}

/** The last step, if it does the same; else a new one. */
function stepOf({ action }: Rule, steps: Step[]): number {
  const last = steps.at(-1);
  const isSameAction = last !== undefined && "action" in last && last.action === action;
  if (!isSameAction) steps.push({ action });
  return steps.length - 1;
}

const isAccepting = (steps: readonly Step[]): boolean =>
  steps.every((step) => !("action" in step) || step.action === "accept");

const isMonotonic = ({ conditions }: Pick<Decisions, "conditions">): boolean =>
  conditions.every((list) => list === undefined || list.every(({ none }) => none.length === 0));

type Draft = PortSet[][];

const draftByFamily = (): ByFamily<Draft> => ({ ipv4: [], ipv6: [] });

/** Drafts have holes, which `every` would not see. */
const isSame = (one: Draft, other: Draft): boolean =>
  one.length === other.length &&
  Array.from(one, (sets, step) => isSameList(sets, other[step])).every(Boolean);

const isSameList = (one: readonly PortSet[] = [], other: readonly PortSet[] = []): boolean =>
  one.length === other.length && one.every((set, at) => set === other[at]);

type Drafts = {
  readonly any: ByFamily<Draft>;
  readonly term: (peer: Peer | null, named: NamedPort | null) => ByFamily<Draft>;
  /** The term, without anything that is said about it alone. */
  readonly use: (peer: Peer | null, named: NamedPort | null) => Term;
  readonly add: (step: number, conditional: Conditional) => void;
  readonly finish: () => Pick<Decisions, "any" | "terms" | "conditions">;
};

function createDrafts({ acquire, release }: DecisionContext): Drafts {
  const any = draftByFamily();
  const terms = new Map<Term, ByFamily<Draft>>();
  const conditions: Conditional[][] = [];
  // Where a draft has a hole, so has what it becomes.
  const finished = ({ ipv4, ipv6 }: ByFamily<Draft>): ByFamily<Said> => {
    const said = ipv4.map(uniteAllPorts);
    // Most rules are about both families, whose drafts are kept once.
    return { ipv4: said, ipv6: isSame(ipv4, ipv6) ? said : ipv6.map(uniteAllPorts) };
  };
  const use: Drafts["use"] = (peer, named) => {
    const term = acquire(peer, named);
    if (terms.has(term)) release(term);
    else terms.set(term, draftByFamily());
    return term;
  };
  return {
    any,
    use,
    term: (peer, named) => terms.get(use(peer, named)) ?? draftByFamily(),
    add: (step, conditional) => {
      (conditions[step] ??= []).push(conditional);
    },
    finish: () => ({
      any: finished(any),
      terms: new Map([...terms].map(([term, draft]) => [term, finished(draft)] as const)),
      conditions,
    }),
  };
}

type Place = { readonly step: number; readonly drafts: Drafts; readonly context: DecisionContext };

function addRule(rule: Rule, place: Place): void {
  const { peers, ports, own } = rule;
  const { context } = place;
  const families = rule.families.filter(
    (family) => own === null || context.isMet(own, { action: rule.action, family }),
  );
  if (families.length === 0) return;
  const resolved = resolve(ports, context);
  for (const peer of peers ?? [null])
    if (peer === null) addPeer(peer, { ...resolved, families }, place);
    else if ("all" in peer) addCondition(peer, { ...resolved, families }, place);
    else if (peer.kind === "networks" && resolved.ofPeers.length > 0)
      addCondition({ all: [peer], none: [] }, { ...resolved, families }, place);
    else addPeer(peer, { ...resolved, families }, place);
}

type About = Resolved & { readonly families: readonly Family[] };

function addPeer(
  peer: Peer | null,
  { own, ofPeers, families }: About,
  { step, drafts }: Place,
): void {
  const everywhere = familiesOf(peer);
  const meant = everywhere === null ? drafts.term(peer, null) : drafts.any;
  const named = ofPeers.map((name) => drafts.term(peer, name));
  for (const family of families) {
    const isAbout = everywhere === null || everywhere.includes(family);
    if (isAbout) (meant[family][step] ??= []).push(own);
    for (const draft of named) (draft[family][step] ??= []).push(NO_PORTS);
  }
}

function addCondition(
  { all, none }: Condition,
  { own, ofPeers, families }: About,
  { step, drafts }: Place,
): void {
  const [every, no] = [all, none].map((list) => list.map((each) => drafts.use(each, null)));
  const selected = all.find(({ kind }) => kind === "pods") ?? null;
  const named = ofPeers.map((name) => drafts.use(selected, name));
  for (const family of families) {
    const terms = { family, all: every ?? [], none: no ?? [] };
    if (own.length > 0) drafts.add(step, { ...terms, set: own });
    // The token of this term has the port.
    for (const term of named)
      drafts.add(step, { ...terms, all: [...terms.all, term], set: NO_PORTS });
  }
}

/** The families of which a peer means every address, or null when it means some addresses only. */
function familiesOf(peer: Peer | null): readonly Family[] | null {
  if (peer === null) return FAMILIES;
  if (peer.kind !== "block" || peer.cidr.length > 0 || peer.except.length > 0) return null;
  return [peer.cidr.address.family];
}

type Resolved = {
  readonly own: PortSet;
  /** Names that each peer has a number of its own for. */
  readonly ofPeers: readonly NamedPort[];
};

/** Names of ports are those of the pod that is spoken to. */
function resolve({ numbered, named }: Ports, { direction, ports }: DecisionContext): Resolved {
  if (direction === "egress") return { own: numbered, ofPeers: named };
  const found = named.flatMap((each) =>
    portsNamed(ports, each).map((port) => onePort(each.protocol, port)),
  );
  return { own: uniteAllPorts([numbered, ...found]), ofPeers: [] };
}

const onePort = (protocol: Transport, port: number): PortSet =>
  portSet({ protocol, first: port, last: port });

/** What addresses of a family may use of which nothing else is known. */
export const permissionOfAny = (decisions: Decisions, family: Family): Permission =>
  permissionOf(decisions, { family, tokens: [] });

/** What addresses of a class may use. */
export function permissionOf(
  decisions: Decisions,
  { family, tokens }: Pick<AddressClass, "family" | "tokens">,
): Permission {
  const concerned = tokens.flatMap((token) => {
    const said = decisions.terms.get(token.term)?.[family];
    return said === undefined ? [] : [{ said, own: ownPort(token) }];
  });
  return decide(decisions, (step) => {
    let about = decisions.any[family][step] ?? NO_PORTS;
    for (const { said, own } of concerned) {
      const set = said[step];
      if (set !== undefined) about = unitePorts(about, own === null ? set : unitePorts(set, own));
    }
    for (const condition of decisions.conditions[step] ?? [])
      if (condition.family === family) about = unitePorts(about, meantBy(condition, tokens));
    return about;
  });
}

/** What a condition is about for addresses with these tokens: nothing where it is not true of them. */
function meantBy({ all, none, set }: Conditional, tokens: readonly Token[]): PortSet {
  const of = (term: Term): readonly Token[] => tokens.filter((token) => token.term === term);
  if (none.some((term) => of(term).length > 0)) return NO_PORTS;
  if (!all.every((term) => of(term).length > 0)) return NO_PORTS;
  const ports = all.flatMap(of).flatMap((token) => {
    const port = ownPort(token);
    return port === null ? [] : [port];
  });
  return uniteAllPorts([set, ...ports]);
}

const ownPort = ({ term, port }: Token): PortSet | null =>
  port === null || term.named === null ? null : onePort(term.named.protocol, port);

/** What is left undecided goes on from step to step; at the end it passes. */
function decide({ steps }: Decisions, about: (step: number) => PortSet): Permission {
  let [left, accepted, passed, logged] = [ALL_PORTS, NO_PORTS, NO_PORTS, NO_PORTS];
  for (const [at, step] of steps.entries()) {
    if ("otherwise" in step) {
      left = step.otherwise === "deny" ? passed : unitePorts(left, passed);
      passed = NO_PORTS;
      continue;
    }
    const decided = intersectPorts(left, about(at));
    if (step.action === "log") {
      logged = unitePorts(logged, decided);
      continue;
    }
    if (step.action === "accept") accepted = unitePorts(accepted, decided);
    if (step.action === "pass") passed = unitePorts(passed, decided);
    left = subtractPorts(left, decided);
  }
  return formatPermission(unitePorts(accepted, left), logged);
}
