/** Calico's policies, tiers and network sets, as far as they may be read. */
import { err, ok, type Result } from "@seam/base";
import { child, type Json, type KubeObject } from "@seam/kube";
import {
  type CalicoNetworkSet,
  type CalicoPolicies,
  type CalicoPolicy,
  hostSet,
  type Pod,
  readCalicoHostEndpoint,
  readCalicoNetworkSet,
  readCalicoPolicy,
  readCalicoTier,
  withoutTier,
} from "@seam/reach";

import { nameOf, type SeamError } from "./error.ts";
import { type KubeReader, listObjects, type Reply } from "./list.ts";

/** What there is, and what is not known about it. */
type Known<T> = { readonly found: T; readonly notes: readonly string[] };

const CALICO_API = "projectcalico.org/v3";

const PLURALS = {
  GlobalNetworkPolicy: "GlobalNetworkPolicies",
  NetworkPolicy: "NetworkPolicies",
  Tier: "Tiers",
  GlobalNetworkSet: "GlobalNetworkSets",
  NetworkSet: "NetworkSets",
  HostEndpoint: "HostEndpoints",
} as const;
type Kind = keyof typeof PLURALS;

const unread = (plural: string, where: string, resource: string): string =>
  `you may not list ${plural}${where}, so those are left out of the answer; ask for the verb list on ${resource}`;

const unreadKind = (kind: Kind, where: string): string =>
  unread(`Calico's ${PLURALS[kind]}`, where, `${PLURALS[kind].toLowerCase()}.projectcalico.org`);

const NONE: Known<CalicoPolicies> = { found: { policies: [], tiers: [], sets: [] }, notes: [] };

/** About whom policies are asked. */
export type CalicoQuestion = {
  readonly namespaces: readonly string[];
  /** Nodes' own programs too, which host endpoints close without any policy. */
  readonly asksNodes: boolean;
};

/** Calico's kinds in force for pods of these namespaces; nothing when the cluster does not serve them. */
export async function readCalico(
  kube: KubeReader,
  { namespaces, asksNodes }: CalicoQuestion,
): Reply<Known<CalicoPolicies>> {
  const wide = await listed(kube, "GlobalNetworkPolicy", []);
  if (!wide.ok) return wide;
  const near = await listed(kube, "NetworkPolicy", namespaces);
  if (!near.ok) return near;
  const policies = readAll([...wide.value.found, ...near.value.found], readCalicoPolicy);
  if (!policies.ok) return policies;
  const notes = [...wide.value.notes, ...near.value.notes];
  if (policies.value.length === 0 && !asksNodes) return ok({ ...NONE, notes });
  const beside = await readBeside(kube, policies.value, namespaces);
  if (!beside.ok) return beside;
  return ok({ found: beside.value.found, notes: [...notes, ...beside.value.notes] });
}

/** What policies refer to. */
async function readBeside(
  kube: KubeReader,
  policies: readonly CalicoPolicy[],
  namespaces: readonly string[],
): Reply<Known<CalicoPolicies>> {
  const tiers = await listed(kube, "Tier", []);
  if (!tiers.ok) return tiers;
  const wide = await listed(kube, "GlobalNetworkSet", []);
  if (!wide.ok) return wide;
  const near = await networkSets(kube, namespaces);
  if (!near.ok) return near;
  const hosts = await listed(kube, "HostEndpoint", []);
  if (!hosts.ok) return hosts;
  const read = readAll(tiers.value.found, readCalicoTier);
  if (!read.ok) return read;
  const sets = await readSets(kube, [...wide.value.found, ...near.value.found]);
  if (!sets.ok) return sets;
  const endpoints = readAll(hosts.value.found, readCalicoHostEndpoint);
  if (!endpoints.ok) return endpoints;
  const found = {
    policies,
    tiers: read.value,
    sets: [...sets.value, ...endpoints.value.map(hostSet)],
    endpoints: endpoints.value,
  };
  const notes = [tiers, wide, near, hosts].flatMap(({ value }) => value.notes);
  return ok({ found, notes: [...notes, ...(tiers.value.notes.length > 0 ? [] : idle(found))] });
}

/** What is said about policies that are not in force. */
const idle = (calico: CalicoPolicies): readonly string[] =>
  withoutTier(calico).map(
    ({ kind, namespace, name, tier }) =>
      `Calico's ${kind} ${namespace === null ? name : `${namespace}/${name}`} is not in force, as there is no Tier ${tier}; make it, or name another`,
  );

type Listed = Reply<Known<readonly KubeObject[]>>;

/** All objects of a kind in these namespaces, or everywhere when none is given. */
async function listed(kube: KubeReader, kind: Kind, namespaces: readonly string[]): Listed {
  const found: KubeObject[] = [];
  const places = kind === "NetworkPolicy" ? [...new Set(namespaces)] : [null];
  for (const namespace of places) {
    const page = await listIn(kube, kind, namespace);
    if (page.ok) found.push(...page.value);
    else if (page.error.code === "Denied")
      return ok({ found, notes: [unreadKind(kind, whereOf(namespace))] });
    else if (page.error.code !== "NotInstalled") return page;
  }
  return ok({ found, notes: [] });
}

const whereOf = (namespace: string | null): string =>
  namespace === null ? "" : ` in ${namespace}`;

const listIn = (
  kube: KubeReader,
  kind: Kind,
  namespace: string | null,
): Reply<readonly KubeObject[]> =>
  listObjects(kube, { apiVersion: CALICO_API, kind, ...(namespace === null ? {} : { namespace }) });

/** Sets of all namespaces; who may not list those is left with those of the namespaces that are asked about. */
async function networkSets(kube: KubeReader, namespaces: readonly string[]): Listed {
  const wide = await listed(kube, "NetworkSet", []);
  if (!wide.ok || wide.value.notes.length === 0) return wide;
  const found: KubeObject[] = [];
  const notes = [unreadKind("NetworkSet", " of other namespaces")];
  for (const namespace of new Set(namespaces)) {
    const page = await listIn(kube, "NetworkSet", namespace);
    if (page.ok) found.push(...page.value);
    else if (page.error.code === "Denied") notes.push(unreadKind("NetworkSet", ` in ${namespace}`));
    else return page;
  }
  return ok({ found, notes });
}

/** Sets with the labels of their namespaces, which are none where those may not be read. */
async function readSets(
  kube: KubeReader,
  objects: readonly KubeObject[],
): Reply<readonly CalicoNetworkSet[]> {
  const labels = new Map<string, Json>();
  for (const name of new Set(objects.flatMap(({ metadata }) => metadata.namespace ?? []))) {
    const namespace = await kube.get({ apiVersion: "v1", kind: "Namespace", name });
    labels.set(name, namespace.ok ? child(namespace.value.metadata, "labels") : {});
  }
  return readAll(objects, (object) =>
    readCalicoNetworkSet(object, labels.get(object.metadata.namespace ?? "")),
  );
}

/** The first object that cannot be read is the answer. */
function readAll<T>(
  objects: readonly KubeObject[],
  read: (object: KubeObject) => Result<T, readonly string[]>,
): Result<readonly T[], SeamError> {
  const all: T[] = [];
  for (const object of objects) {
    const one = read(object);
    if (!one.ok) {
      const { name, namespace } = object.metadata;
      return err({
        code: "Failed",
        message: `cannot judge by Calico's ${nameOf({ kind: object.kind, name, namespace })}`,
        hint: "Nodes keep closed what they cannot read of it. Correct it, or use a newer Seam.",
        details: one.error,
      });
    }
    all.push(one.value);
  }
  return ok(all);
}

/** Pods with the labels of whom they run as, which only Calico's policies ask for. */
export async function withAccounts(
  kube: KubeReader,
  pods: readonly Pod[],
  { policies }: CalicoPolicies,
): Reply<Known<readonly Pod[]>> {
  if (policies.length === 0) return ok({ found: pods, notes: [] });
  const labels = new Map<string, Json>();
  const notes: string[] = [];
  for (const namespace of new Set(pods.map((pod) => pod.namespace))) {
    const page = await listObjects(kube, { apiVersion: "v1", kind: "ServiceAccount", namespace });
    if (page.ok) {
      for (const { metadata } of page.value)
        labels.set(`${namespace}/${metadata.name}`, child(metadata, "labels"));
    } else if (page.error.code === "Denied")
      notes.push(unread("labels of ServiceAccounts", ` in ${namespace}`, "serviceaccounts"));
    else return page;
  }
  const found = pods.map((pod): Pod => {
    const name = pod.serviceAccount?.name;
    if (name === undefined) return pod;
    return {
      ...pod,
      serviceAccount: { name, labels: labels.get(`${pod.namespace}/${name}`) ?? {} },
    };
  });
  return ok({ found, notes });
}
