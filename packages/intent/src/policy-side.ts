/** One side of a link, or a point of an interface: the policies that are about it, and what their rules let each class use. */
import { FAMILIES } from "@seam/base";
import {
  ANY,
  type Changed,
  type Direction,
  type GateRules,
  NO_RULES,
  type PeerClass,
  type Permission,
  rulesChange,
  type SideChange,
} from "@seam/state";

import {
  type DecisionContext,
  type Decisions,
  decisionsOf,
  permissionOf,
  permissionOfAny,
} from "./policy-decisions.ts";
import { givingTo } from "./policy-giving.ts";
import type { Peers } from "./policy-peers.ts";
import type { Ranked } from "./policy-table.ts";
import { type AddressClass, isAboutNetworks, type Term, type TermUser } from "./policy-terms.ts";

/** One side of a link. */
export type Side = TermUser & {
  /** Takes these policies of the pod, in their order, in place of those before. */
  readonly govern: (
    policies: readonly Ranked[],
    own: Pick<DecisionContext, "ports" | "isMet" | "isClosedAtEnd">,
  ) => void;
  /** The rules as of the last time that changes were taken, null when everything passes; they live on. */
  readonly rules: () => GateRules | null;
  /** What changed since the last time. */
  readonly takeChange: () => SideChange;
  /** Keys of the policies; null when none says anything. */
  readonly policies: () => readonly string[] | null;
  /** Keys of those of them that have a rule about peers of the class. */
  readonly policiesFor: (peers: PeerClass) => readonly string[];
};

type SideOptions = {
  readonly device: string;
  readonly direction: Direction;
  readonly peers: Pick<Peers, "acquire" | "release">;
};

/** A direction that no policy is about. */
export function createSide({ device, direction, peers }: SideOptions): Side {
  const { acquire, release } = peers;
  let keys: readonly string[] | null = null;
  let concerned: Parameters<typeof givingTo>[1] = [];
  let decisions: Decisions | null = null;
  let rules: Map<PeerClass, Permission> | null = null;
  let isDue = false;
  let touched = new Set<AddressClass>();
  const drop = (term: Term, after: Decisions | null): void => {
    if (after?.terms.has(term) !== true) term.users.delete(side);
    release(term);
  };
  const side: Side = {
    device,
    touch: (changed) => touched.add(changed),
    govern: (policies, own) => {
      const found = policies.filter(({ policy }) => policy[direction] !== null);
      concerned = found.map(({ key, policy }) => ({ key, rules: policy[direction] ?? [] }));
      const before = decisions;
      keys = found.length === 0 ? null : found.map(({ key }) => key);
      const isOpen = keys === null && !own.isClosedAtEnd;
      decisions = isOpen ? null : decisionsOf(found, { direction, ...own, acquire, release });
      // What is in use before and after is never out of use between.
      for (const term of decisions?.terms.keys() ?? []) term.users.add(side);
      for (const term of before?.terms.keys() ?? []) drop(term, decisions);
      isDue = true;
    },
    rules: () => rules,
    takeChange: () => {
      const before = rules;
      const now = touched;
      touched = new Set();
      if (isDue) {
        isDue = false;
        rules = decisions === null ? null : allRules(decisions);
      } else if (rules !== null && decisions !== null)
        return { open: STAYS_CLOSED, rules: patch(rules, decisions, now) };
      return {
        open: { before: before === null, after: rules === null },
        rules: rulesChange(before ?? NO_RULES, rules ?? NO_RULES),
      };
    },
    policies: () => keys,
    policiesFor: (given) => givingTo(given, concerned, decisions?.terms.keys() ?? []),
  };
  return side;
}

/** Whether nothing is different. */
export const isUnchanged = ({ open, rules }: SideChange): boolean =>
  open.before === open.after && rules.size === 0;

const STAYS_CLOSED: Changed<boolean> = { before: false, after: false };
const NOTHING: Permission = "none";

function allRules(decisions: Decisions): Map<PeerClass, Permission> {
  const rules = new Map<PeerClass, Permission>();
  for (const family of FAMILIES) {
    const text = permissionOfAny(decisions, family);
    if (text !== NOTHING) rules.set(ANY[family], text);
  }
  for (const term of decisions.terms.keys())
    for (const each of term.classes)
      if (!rules.has(each.number)) put(rules, each.number, ownRule(rules, decisions, each));
  return rules;
}

/**
 * What a class may use; null when that is what everybody may, and needs no rule. An address in a block is looked up by the block too
 * when it has no rule of its own, which then must not say anything else: it cannot while all rules accept.
 */
function ownRule(rules: GateRules, decisions: Decisions, of: AddressClass): Permission | null {
  const text = permissionOf(decisions, of);
  const isAsAny = text === (rules.get(ANY[of.family]) ?? NOTHING);
  return isAsAny && (decisions.onlyAccepts || !isInBlock(decisions, of)) ? null : text;
}

const isInBlock = ({ terms }: Decisions, { tokens }: AddressClass): boolean =>
  tokens.some(({ term }) => isAboutNetworks(term) && terms.has(term));

function put(rules: Map<PeerClass, Permission>, peers: PeerClass, rule: Permission | null): void {
  if (rule === null) rules.delete(peers);
  else rules.set(peers, rule);
}

/** Takes in classes that came and went, of which one may have the number of another; what differs then. */
function patch(
  rules: Map<PeerClass, Permission>,
  decisions: Decisions,
  changed: ReadonlySet<AddressClass>,
): SideChange["rules"] {
  const before = new Map<PeerClass, Permission | null>();
  const change = (peers: PeerClass, rule: Permission | null): void => {
    if (!before.has(peers)) before.set(peers, rules.get(peers) ?? null);
    put(rules, peers, rule);
  };
  for (const { refs, number } of changed) if (refs === 0) change(number, null);
  for (const each of changed)
    if (each.refs > 0) change(each.number, ownRule(rules, decisions, each));
  return new Map(
    [...before].flatMap(([peers, was]) => {
      const is = rules.get(peers) ?? null;
      return is === was ? [] : [[peers, { before: was, after: is }] as const];
    }),
  );
}
