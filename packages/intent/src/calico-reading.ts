/**
 * Calico's NetworkPolicies and GlobalNetworkPolicies (projectcalico.org/v3, api/pkg/apis/projectcalico/v3). A rule that cannot be read
 * fails closed: one that allows means nobody then, one that denies or passes denies everything. A policy of which it is not clear whom it is
 * about is not in force, as Calico would not have taken it.
 */
import { type Cidr, err, FAMILIES, type Family, ok, type Result } from "@seam/base";

import { judgeableRules, readHostUse } from "./calico-host-use.ts";
import { readNet, readOrder } from "./calico-objects.ts";
import { readCalicoPorts } from "./calico-ports.ts";
import {
  ACCOUNT_LABEL,
  allOf,
  type Expression,
  labelIn,
  parseSelector,
  PREFIX,
} from "./calico-selector.ts";
import {
  collect,
  fieldsOf,
  isRecord,
  listAt,
  readEach,
  type Record as Fields,
  specOf,
} from "./policy-fields.ts";
import {
  type Action,
  ANYONE,
  type Condition,
  type HostUse,
  networksPeer,
  type Peer,
  podPeer,
  type PodSelector,
  type Policy,
  type Ports,
  type Rule,
} from "./policy-model.ts";
import { EVERY_PORT } from "./policy-reading.ts";
import { EVERYTHING } from "./policy-selector.ts";

/** A policy, null when it is not in force; and what of it was not understood, by field. */
export type CalicoReading = { readonly policy: Policy | null; readonly faults: readonly string[] };

const SPEC = [
  "tier",
  "order",
  "selector",
  "types",
  "ingress",
  "egress",
  "serviceAccountSelector",
  // A hint to Calico's own engine, which never changes what is enforced.
  "performanceHints",
];
const GLOBAL_SPEC = [...SPEC, "namespaceSelector", "applyOnForward", "preDNAT", "doNotTrack"];

/** Reads the policy of a namespace; null: of the cluster. */
export function readCalicoPolicy(namespace: string | null, object: unknown): CalicoReading {
  const spec = specOf(object);
  const { faults, given } = collect();
  const fields = fieldsOf(spec, "spec", namespace === null ? GLOBAL_SPEC : SPEC);
  const isClear = given<Fields | null>(fields, null) !== null;
  const onHosts = given<HostUse | null | "unclear">(readHostUse(spec, namespace), "unclear");
  const rulesOf = (direction: Direction): readonly Rule[] =>
    given(listAt(spec, direction, "spec"), []).flatMap((value, at): readonly Rule[] => {
      const path = `spec.${direction}[${at}]`;
      const rules = given(readRule(value, { namespace, direction, path }), failClosed(value));
      given(judgeableRules(rules, { onHosts, direction, path }), null);
      return isClear ? rules : rules.filter(({ action }) => action === "deny" || action === "log");
    });
  const rules = { ingress: rulesOf("ingress"), egress: rulesOf("egress") };
  const types = given(typesOf(spec, rules), ["Ingress", "Egress"]);
  const subject = given<PodSelector | null>(readSubject(spec, namespace), null);
  const order = given<number>(readOrder(spec["order"]), Infinity);
  if (subject === null || onHosts === "unclear") return { policy: null, faults };
  const policy: Policy = {
    tier: typeof spec["tier"] === "string" ? spec["tier"] : "default",
    order,
    subject,
    onHosts,
    onOwnNode: true,
    ingress: types.includes("Ingress") ? rules.ingress : null,
    egress: types.includes("Egress") && onHosts !== "pre-dnat" ? rules.egress : null,
  };
  return { policy, faults };
}

type Direction = "ingress" | "egress";

function typesOf(
  spec: Fields,
  { ingress, egress }: Readonly<Record<Direction, readonly Rule[]>>,
): Result<readonly unknown[], string> {
  const types = listAt(spec, "types", "spec");
  if (!types.ok) return types;
  if (types.value.some((each) => each !== "Ingress" && each !== "Egress"))
    return err("spec.types: expected Ingress or Egress");
  if (types.value.length > 0) return types;
  const has = (key: Direction, rules: readonly Rule[]): boolean =>
    rules.length > 0 || (Array.isArray(spec[key]) && spec[key].length > 0);
  if (!has("egress", egress)) return ok(["Ingress"]);
  return ok(has("ingress", ingress) ? ["Ingress", "Egress"] : ["Egress"]);
}

function readSubject(spec: Fields, namespace: string | null): Result<PodSelector, string> {
  const parts = readEach(
    [
      ["selector", PREFIX.own],
      ["serviceAccountSelector", PREFIX.account],
      ["namespaceSelector", PREFIX.namespace],
    ] as const,
    "spec",
    ([key, prefix]) => selectorAt(spec, key, { prefix, path: "spec" }),
  );
  return parts.ok ? ok(endpointsOf(namespace, parts.value)) : parts;
}

/** What all given selectors select, in a namespace or anywhere. */
const endpointsOf = (
  namespace: string | null,
  selectors: readonly (Expression | null)[],
): PodSelector => ({
  namespaces: namespace ?? EVERYTHING,
  pods: EVERYTHING,
  endpoints: allOf(selectors.filter((each) => each !== null)),
});

type At = { readonly prefix: (typeof PREFIX)[keyof typeof PREFIX]; readonly path: string };

/** The selector of a field; null without one. */
function selectorAt(
  fields: Fields,
  key: string,
  { prefix, path }: At,
): Result<Expression | null, string> {
  const text = fields[key] ?? "";
  if (typeof text !== "string") return err(`${path}.${key}: expected a selector`);
  if (text.trim() === "") return ok(null);
  const parsed = parseSelector(text, prefix);
  return parsed.ok ? parsed : err(`${path}.${key}: ${parsed.error}`);
}

const ACTIONS = { Allow: "accept", Deny: "deny", Pass: "pass", Log: "log" } as const;
const RULE = [
  "action",
  "ipVersion",
  "protocol",
  "notProtocol",
  "icmp",
  "notICMP",
  "source",
  "destination",
  "metadata",
];
const ENTITY = [
  "nets",
  "notNets",
  "selector",
  "notSelector",
  "namespaceSelector",
  "ports",
  "notPorts",
  "serviceAccounts",
];

function failClosed(value: unknown): readonly Rule[] {
  const action = isRecord(value) ? value["action"] : null;
  if (action === "Allow" || action === "Log") return [];
  return [{ ...ANYONE, action: "deny", peers: null, ports: EVERY_PORT }];
}

type Place = {
  readonly namespace: string | null;
  readonly direction: Direction;
  readonly path: string;
};

function readRule(
  value: unknown,
  { namespace, direction, path }: Place,
): Result<readonly Rule[], string> {
  const fields = fieldsOf(value, path, RULE);
  if (!fields.ok) return fields;
  const { given, result } = collect();
  const entity = (key: "source" | "destination", known: readonly string[]): Fields =>
    given<Fields>(fieldsOf(fields.value[key] ?? {}, `${path}.${key}`, known), {});
  const [source, destination] = [
    entity("source", ENTITY.filter(isNoPort)),
    entity("destination", ENTITY),
  ];
  const action = given<Action>(readAction(fields.value["action"], path), "deny");
  const ports = given(readCalicoPorts(fields.value, destination, path), EVERY_PORT);
  const families = given(readFamilies(fields.value["ipVersion"] ?? null, path), FAMILIES);
  const from = given(readEntity(source, namespace, `${path}.source`), ANYBODY);
  const to = given(readEntity(destination, namespace, `${path}.destination`), ANYBODY);
  const [peer, own] = direction === "ingress" ? [from, to] : [to, from];
  return result(families.flatMap((family) => ofFamily({ action, ports, peer, own }, family)));
}

const readAction = (value: unknown, path: string): Result<Action, string> => {
  const action = Object.entries(ACTIONS).find(([name]) => name === value)?.[1];
  return action === undefined
    ? err(`${path}.action: expected ${Object.keys(ACTIONS).join(", ")}`)
    : ok(action);
};

/** A connection is judged by its server's port; its client's is any. */
const isNoPort = (field: string): boolean => field !== "ports" && field !== "notPorts";

function readFamilies(value: unknown, path: string): Result<readonly Family[], string> {
  if (value === null) return ok(FAMILIES);
  if (value === 4) return ok(["ipv4"]);
  return value === 6 ? ok(["ipv6"]) : err(`${path}.ipVersion: expected 4 or 6`);
}

/** One end of a connection; networks are null where none were given. */
type Entity = {
  readonly selected: Peer | null;
  readonly notSelected: Peer | null;
  readonly nets: readonly Cidr[] | null;
  readonly notNets: readonly Cidr[];
};

const ANYBODY: Entity = { selected: null, notSelected: null, nets: null, notNets: [] };

function readEntity(
  entity: Fields,
  namespace: string | null,
  path: string,
): Result<Entity, string> {
  const selected = readSelected(entity, namespace, path);
  if (!selected.ok) return selected;
  const not = selectorAt(entity, "notSelector", { prefix: PREFIX.own, path });
  if (!not.ok) return not;
  const nets = readNets(entity, "nets", path);
  if (!nets.ok) return nets;
  const notNets = readNets(entity, "notNets", path);
  if (!notNets.ok) return notNets;
  return ok({
    selected: selected.value,
    notSelected: not.value === null ? null : podPeer(endpointsOf(null, [not.value])),
    nets: nets.value.length === 0 ? null : nets.value,
    notNets: notNets.value,
  });
}

/** Rules of a namespace's policy are about that namespace as soon as they select anything. */
function readSelected(
  entity: Fields,
  namespace: string | null,
  path: string,
): Result<Peer | null, string> {
  const own = selectorAt(entity, "selector", { prefix: PREFIX.own, path });
  if (!own.ok) return own;
  const namespaces = selectorAt(entity, "namespaceSelector", { prefix: PREFIX.namespace, path });
  if (!namespaces.ok) return namespaces;
  const accounts = readAccounts(entity["serviceAccounts"] ?? null, `${path}.serviceAccounts`);
  if (!accounts.ok) return accounts;
  const given = [own.value, namespaces.value, accounts.value].filter((each) => each !== null);
  const isNarrowed =
    namespace !== null && typeof entity["notSelector"] === "string" && entity["notSelector"] !== "";
  if (given.length === 0 && !isNarrowed) return ok(null);
  return ok(podPeer(endpointsOf(namespaces.value === null ? namespace : null, given)));
}

function readAccounts(value: unknown, path: string): Result<Expression | null, string> {
  if (value === null) return ok(null);
  const fields = fieldsOf(value, path, ["names", "selector"]);
  if (!fields.ok) return fields;
  const names = listAt(fields.value, "names", path);
  if (!names.ok) return names;
  const selector = selectorAt(fields.value, "selector", { prefix: PREFIX.account, path });
  if (!selector.ok || names.value.length === 0) return selector;
  const named = labelIn(ACCOUNT_LABEL, names.value.map(String));
  return ok(selector.value === null ? named : allOf([selector.value, named]));
}

function readNets(
  entity: Fields,
  key: "nets" | "notNets",
  path: string,
): Result<readonly Cidr[], string> {
  const listed = listAt(entity, key, path);
  return listed.ok ? readEach(listed.value, `${path}.${key}`, readNet) : listed;
}

type Draft = {
  readonly action: Action;
  readonly ports: Ports;
  readonly peer: Entity;
  readonly own: Entity;
};

/** The rule for addresses of a family: networks of the other one mean none of them. */
function ofFamily({ action, ports, peer, own }: Draft, family: Family): readonly Rule[] {
  const [peers, self] = [conditionOf(peer, family), conditionOf(own, family)];
  if (peers === null || self === null) return [];
  const isAnyone = peers.all.length + peers.none.length === 0;
  return [
    {
      action,
      families: [family],
      peers: isAnyone ? null : [simplest(peers)],
      ports,
      own: self.all.length + self.none.length === 0 ? null : self,
    },
  ];
}

/** Null: no address of the family can meet it. */
function conditionOf(
  { selected, notSelected, nets, notNets }: Entity,
  family: Family,
): Condition | null {
  const within = nets === null ? null : nets.filter(({ address }) => address.family === family);
  const without = notNets.filter(({ address }) => address.family === family);
  if (within?.length === 0 || without.some(({ length }) => length === 0)) return null;
  const isEverywhere = within === null || within.some(({ length }) => length === 0);
  return {
    all: [
      ...(selected === null ? [] : [selected]),
      ...(isEverywhere ? [] : [networksPeer(within)]),
    ],
    none: [
      ...(notSelected === null ? [] : [notSelected]),
      ...(without.length === 0 ? [] : [networksPeer(without)]),
    ],
  };
}

function simplest(condition: Condition): Peer | Condition {
  const [only, ...more] = condition.all;
  return only === undefined || more.length + condition.none.length > 0 ? condition : only;
}
