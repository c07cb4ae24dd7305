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

import type { Action, NamedPort, Peer, Policy, Ports, Rule, Tier } from "./policy-model.ts";
import type { PolicyPod } from "./policy-pod.ts";
import { type AddressClass, portsNamed, type Term, type Token } from "./policy-terms.ts";

/** Rules that come one after another and do the same, between which order means nothing; or the end of a tier. */
type Step = { readonly action: Action } | Pick<Tier, "otherwise">;

/** What is said about somebody, by the number of the step; nothing where it has no set. */
type Said = readonly (PortSet | undefined)[];

/** What all policies of a direction together say; of a term with a named port the token says which port that is. */
export type Decisions = {
  readonly steps: readonly Step[];
  /** About every address of a family. */
  readonly any: Readonly<Record<Family, Said>>;
  readonly terms: ReadonlyMap<Term, Said>;
  /** More rules about somebody let more pass. */
  readonly onlyAccepts: boolean;
};

/** What decisions are made for. */
export type DecisionContext = {
  readonly direction: "ingress" | "egress";
  /** Of the link's own pod. */
  readonly ports: PolicyPod["ports"];
  readonly acquire: (peer: Peer | null, named: NamedPort | null) => Term;
  readonly release: (term: Term) => void;
};

/** Policies that say something about the direction, in their order; each term is used once, by the decisions. */
export function decisionsOf(policies: readonly Policy[], context: DecisionContext): Decisions {
  const steps: Step[] = [];
  const drafts = createDrafts(context);
  for (const [at, policy] of policies.entries()) {
    for (const rule of policy[context.direction] ?? []) {
      const last = steps.at(-1);
      if (last === undefined || !("action" in last) || last.action !== rule.action)
        steps.push({ action: rule.action });
      addRule(rule, { step: steps.length - 1, drafts, context });
    }
    const isLast = policies[at + 1]?.tier.order !== policy.tier.order;
    if (isLast) steps.push({ otherwise: policy.tier.otherwise });
  }
  const onlyAccepts = steps.every((step) => !("action" in step) || step.action === "accept");
  return { steps, ...drafts.finish(), onlyAccepts };
}

type Draft = PortSet[][];

type Drafts = {
  readonly any: (family: Family) => Draft;
  readonly term: (peer: Peer | null, named: NamedPort | null) => Draft;
  readonly finish: () => Pick<Decisions, "any" | "terms">;
};

function createDrafts({ acquire, release }: DecisionContext): Drafts {
  const any: Readonly<Record<Family, Draft>> = { ipv4: [], ipv6: [] };
  const terms = new Map<Term, Draft>();
  // Where a draft has a hole, so has what it becomes.
  const finished = (draft: Draft): Said => draft.map(uniteAllPorts);
  return {
    any: (family) => any[family],
    term: (peer, named) => {
      const term = acquire(peer, named);
      const found = terms.get(term);
      if (found !== undefined) release(term);
      const draft = found ?? [];
      terms.set(term, draft);
      return draft;
    },
    finish: () => ({
      any: { ipv4: finished(any.ipv4), ipv6: finished(any.ipv6) },
      terms: new Map([...terms].map(([term, draft]) => [term, finished(draft)] as const)),
    }),
  };
}

type Place = { readonly step: number; readonly drafts: Drafts; readonly context: DecisionContext };

function addRule({ peers, ports }: Rule, { step, drafts, context }: Place): void {
  const { own, ofPeers } = resolve(ports, context);
  const add = (draft: Draft, set: PortSet): void => {
    (draft[step] ??= []).push(set);
  };
  for (const peer of peers ?? [null]) {
    const everywhere = familiesOf(peer);
    const meant = everywhere?.map(drafts.any) ?? [drafts.term(peer, null)];
    for (const draft of meant) add(draft, own);
    for (const name of ofPeers) add(drafts.term(peer, name), NO_PORTS);
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
  decide(decisions, (step) => decisions.any[family][step] ?? NO_PORTS);

/** What addresses of a class may use. */
export function permissionOf(
  decisions: Decisions,
  { family, tokens }: Pick<AddressClass, "family" | "tokens">,
): Permission {
  const concerned = tokens.flatMap((token) => {
    const said = decisions.terms.get(token.term);
    return said === undefined ? [] : [{ said, own: ownPort(token) }];
  });
  return decide(decisions, (step) => {
    let about = decisions.any[family][step] ?? NO_PORTS;
    for (const { said, own } of concerned) {
      const set = said[step];
      if (set !== undefined) about = unitePorts(about, own === null ? set : unitePorts(set, own));
    }
    return about;
  });
}

const ownPort = ({ term, port }: Token): PortSet | null =>
  port === null || term.named === null ? null : onePort(term.named.protocol, port);

/** What is left undecided goes on from step to step; at the end it passes. */
function decide({ steps }: Decisions, about: (step: number) => PortSet): Permission {
  let [left, accepted, passed] = [ALL_PORTS, NO_PORTS, NO_PORTS];
  for (const [at, step] of steps.entries()) {
    if ("otherwise" in step) {
      left = step.otherwise === "deny" ? passed : unitePorts(left, passed);
      passed = NO_PORTS;
      continue;
    }
    const decided = intersectPorts(left, about(at));
    if (step.action === "accept") accepted = unitePorts(accepted, decided);
    if (step.action === "pass") passed = unitePorts(passed, decided);
    left = subtractPorts(left, decided);
  }
  return formatPermission(unitePorts(accepted, left));
}
