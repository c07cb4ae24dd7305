/**
 * What Calico's policies and rules are about, sentence by sentence of the reference of its resources (projectcalico.org/v3, NetworkPolicy,
 * GlobalNetworkPolicy and EntityRule).
 *
 * Where the sentences leave it open, what Calico's agents do counts (libcalico-go, updateprocessors/rules.go): `notSelector` in a policy of
 * a namespace is met by endpoints of that namespace alone; a set of the cluster meets a namespaceSelector that only negates, and a
 * network set such a selector of serviceAccounts. In one place they do otherwise (felix, rules/policy.go), where the sentences count: for
 * them a rule with `notNets` of one family alone is none for the other.
 */
import { type Address, cidrContains } from "@seam/base";
import type { Json } from "@seam/kube";

import { addressesOf, type Attempt, type End, isAmong, isPortNamed, type Pod } from "./attempt.ts";
import type { CalicoNetworkSet, CalicoPolicy } from "./calico-policy.ts";
import type { CalicoEntity, CalicoPort, CalicoRule } from "./calico-rule.ts";
import { type Expression, meets } from "./calico-selector.ts";
import type { Direction } from "./tiers.ts";

/** What selectors can name: a pod, or a network set. */
type Thing = {
  /** Null: of the whole cluster. */
  readonly namespace: string | null;
  readonly labels: Json;
  readonly namespaceLabels: Json;
  readonly account: { readonly name: string; readonly labels: Json } | null;
  readonly ports: Pod["ports"];
};

/**
 * Labels as a plain selector finds them: those of the pod, which cannot claim a namespace or a service account; those that Calico gives
 * it; and those of its namespace and its service account behind prefixes (libcalico-go, k8s/conversion).
 */
function podThing(pod: Pod): Thing {
  const { namespace, labels, namespaceLabels } = pod;
  const account = pod.serviceAccount ?? null;
  const own = Object.entries(labels).filter(([key]) => !/^pc(?:ns|sa)\./.test(key));
  return {
    namespace,
    labels: {
      ...prefixed("pcns.", named(namespaceLabels, namespace)),
      ...(account && prefixed("pcsa.", named(account.labels, account.name))),
      ...Object.fromEntries(own),
      "projectcalico.org/namespace": namespace,
      "projectcalico.org/orchestrator": "k8s",
      ...(account && { "projectcalico.org/serviceaccount": account.name }),
    },
    namespaceLabels,
    account,
    ports: pod.ports,
  };
}

/** A set of a namespace has that one's labels too; one of the whole cluster has its own alone. */
function setThing({ namespace, labels, namespaceLabels, ports = [] }: CalicoNetworkSet): Thing {
  const thing = { namespace, namespaceLabels, account: null, ports };
  if (namespace === null) return { ...thing, labels };
  const inherited = prefixed("pcns.", named(namespaceLabels, namespace));
  const own = { ...labels, "projectcalico.org/namespace": namespace };
  return { ...thing, labels: { ...inherited, ...own } };
}

const named = (labels: Json, name: string): Json => ({ ...labels, "projectcalico.org/name": name });
const prefixed = (prefix: string, labels: Json): Json =>
  Object.fromEntries(Object.entries(labels).map(([key, value]) => [`${prefix}${key}`, value]));

const isMet = (expression: Expression | null, labels: Json): boolean =>
  expression === null || meets(expression, { labels, isGlobal: false });

/** Whether a policy is about a pod. What comes before the translation of addresses is about nodes' interfaces alone. */
export function isAboutPod(policy: CalicoPolicy, pod: Pod): boolean {
  if (policy.preDnat || (policy.namespace !== null && policy.namespace !== pod.namespace))
    return false;
  const { labels, namespaceLabels, account } = podThing(pod);
  return (
    isMet(policy.selector, labels) &&
    isMet(policy.namespaces, named(namespaceLabels, pod.namespace)) &&
    isAccount(policy.accounts, account)
  );
}

const isAccount = (expression: Expression | null, account: Thing["account"]): boolean =>
  expression === null ||
  (account !== null && isMet(expression, named(account.labels, account.name)));

/** Where a rule stands: in a policy of a namespace or of the cluster, for which direction, and which network sets there are. */
export type Surroundings = {
  readonly direction: Direction;
  readonly namespace: string | null;
  readonly sets: readonly CalicoNetworkSet[];
};

/** Whether a rule is about an attempt: all that it asks has to be, of either end. */
export const isRuleAbout = (rule: CalicoRule, attempt: Attempt, around: Surroundings): boolean =>
  isTrafficMeant(rule, attempt) &&
  arePortsMeant(rule.destination, attempt, around) &&
  isEnd(rule.source, { end: attempt.from, attempt }, around) &&
  isEnd(rule.destination, { end: attempt.to, attempt }, around);

/** IP's numbers for protocols that have ports (IANA, Protocol Numbers). */
export const NUMBERS = { TCP: 6, UDP: 17, SCTP: 132 } as const;

/** IP's number for the protocol of an attempt. */
function numberOf({ protocol, family }: Attempt): number {
  if (typeof protocol === "number") return protocol;
  if (protocol === "ICMP") return family === "ipv4" ? 1 : 58;
  return NUMBERS[protocol];
}

function isTrafficMeant(rule: CalicoRule, attempt: Attempt): boolean {
  const number = numberOf(attempt);
  return (
    (rule.family === null || rule.family === attempt.family) &&
    (rule.protocol === null || rule.protocol === number) &&
    (rule.notProtocol === null || rule.notProtocol !== number) &&
    (rule.icmp === null || isIcmp(rule.icmp, attempt)) &&
    (rule.notIcmp === null || !isIcmp(rule.notIcmp, attempt))
  );
}

const isIcmp = ({ type, code }: NonNullable<CalicoRule["icmp"]>, attempt: Attempt): boolean =>
  "type" in attempt && attempt.type === type && (code === null || attempt.code === code);

/** Numbers and names stand beside each other: one of them is enough. */
function arePortsMeant(entity: CalicoEntity, attempt: Attempt, around: Surroundings): boolean {
  const isPort = (port: CalicoPort): boolean =>
    port.kind === "named"
      ? isNamedPort(port.name, { entity, attempt }, around)
      : "port" in attempt && port.first <= attempt.port && attempt.port <= port.last;
  const { ports, notPorts } = entity;
  return (ports.length === 0 || ports.some(isPort)) && !notPorts.some(isPort);
}

/**
 * A name is that of a port of who the policy is about, or of a pod or a host endpoint that the rule selects. Without a selector it may be any
 * of them, also for a policy of a namespace.
 */
function isNamedPort(
  name: string,
  { entity, attempt }: { readonly entity: CalicoEntity; readonly attempt: Attempt },
  around: Surroundings,
): boolean {
  if (around.direction === "ingress") return isPortNamed(name, attempt);
  const { to, family } = attempt;
  const all = thingsAt(to, addressesOf(to, family), around.sets);
  const meant =
    isSelecting(entity) && isNarrowed(entity, around) ? nearBy(entity, all, around) : all;
  return meant.some(({ ports }) => isAmong(ports, name, attempt));
}

type Asked = { readonly end: End; readonly attempt: Attempt };

/**
 * Whether an end is what a rule asks for. Selectors are about pods and network sets; what has none of these at its address meets none.
 * `notSelector` negates the match instead: it is met from anywhere but from those (EntityRule, "Understanding notSelector"), and in
 * a policy of a namespace from anywhere in it.
 */
function isEnd(entity: CalicoEntity, { end, attempt }: Asked, around: Surroundings): boolean {
  const addresses = addressesOf(end, attempt.family);
  const { nets, notNets, notSelector } = entity;
  const isIn = (cidrs: CalicoEntity["nets"]): boolean =>
    cidrs.some((cidr) => addresses.some((address) => cidrContains(cidr, address)));
  if ((nets.length > 0 && !isIn(nets)) || isIn(notNets)) return false;
  if (!isSelecting(entity)) return true;
  const all = thingsAt(end, addresses, around.sets);
  return (
    (!isNarrowed(entity, around) || nearBy(entity, all, around).length > 0) &&
    (notSelector === null || !all.some((thing) => isMet(notSelector, thing.labels)))
  );
}

const isNarrowed = (entity: CalicoEntity, { namespace }: Surroundings): boolean =>
  isNaming(entity) || namespace !== null;

const nearBy = (
  entity: CalicoEntity,
  things: readonly Thing[],
  { namespace }: Surroundings,
): readonly Thing[] =>
  things.filter(
    (thing) => isInScope(entity.namespaces, thing, namespace) && isNamed(entity, thing),
  );

/** Whether an entity asks for something that has labels. */
const isNaming = ({ selector, namespaces, accounts }: CalicoEntity): boolean =>
  selector !== null || namespaces !== null || accounts !== null;

const isSelecting = (entity: CalicoEntity): boolean =>
  isNaming(entity) || entity.notSelector !== null;

/** A pod that shares its node's network is no endpoint. A set names whoever has an address of it, also a pod. */
function thingsAt(
  end: End,
  addresses: readonly Address[],
  sets: readonly CalicoNetworkSet[],
): readonly Thing[] {
  const pods = end.kind === "pod" && !end.pod.hostNetwork ? [podThing(end.pod)] : [];
  const found = sets.filter(({ nets }) =>
    nets.some((net) => addresses.some((address) => cidrContains(net, address))),
  );
  return [...pods, ...found.map(setThing)];
}

/**
 * Without a selector of namespaces a policy of a namespace means that one, a policy of the cluster everything. With one it is what the
 * selected namespaces have; `global()` takes in what is of no namespace.
 */
function isInScope(
  namespaces: Expression | null,
  thing: Thing,
  ownNamespace: string | null,
): boolean {
  if (namespaces === null) return ownNamespace === null || thing.namespace === ownNamespace;
  return thing.namespace === null
    ? meets(namespaces, { labels: {}, isGlobal: true })
    : isMet(namespaces, named(thing.namespaceLabels, thing.namespace));
}

/** Only pods run as somebody; what a selector of service accounts negates is true of a set. Names and a selector have both to be met. */
function isNamed({ selector, accounts }: CalicoEntity, thing: Thing): boolean {
  if (!isMet(selector, thing.labels)) return false;
  if (accounts === null) return true;
  const { account } = thing;
  const { names } = accounts;
  if (names.length > 0 && (account === null || !names.includes(account.name))) return false;
  return isMet(accounts.selector, account === null ? {} : named(account.labels, account.name));
}
