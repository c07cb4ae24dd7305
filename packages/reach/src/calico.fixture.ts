/** A small cluster, and the objects of policies about it, in the words of tests. */
import { type Address, type Family, parseAddress } from "@seam/base";
import { isKubeObject, type Json, type KubeObject } from "@seam/kube";

import {
  type Attempt,
  type CalicoPolicies,
  type End,
  judge,
  type Pod,
  type Policies,
  protocolOf,
  readCalicoNetworkSet,
  readCalicoPolicy,
  readCalicoTier,
  readClusterPolicy,
  readPolicy,
  type Traffic,
} from "./index.ts";

const address = (text: string): Address => {
  const parsed = parseAddress(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
};

/** x/a, x/b, y/a, y/b: labels app and ns, an account of the app's name with the label role. */
const POD_ADDRESSES: { readonly [pod: string]: string } = {
  "x/a": "1",
  "x/b": "2",
  "y/a": "3",
  "y/b": "4",
};
function pod(key: string, more: Partial<Pod> = {}): Pod {
  const [namespace = "", name = ""] = key.split("/");
  const last = POD_ADDRESSES[key] ?? "9";
  return {
    namespace,
    name,
    labels: { app: name, "pcns.team": "fake", "projectcalico.org/namespace": "fake" },
    namespaceLabels: { team: namespace },
    addresses: [address(`10.0.0.${last}`), address(`fd00::${last}`)],
    node: "n1",
    hostNetwork: false,
    serviceAccount: { name: `sa-${name}`, labels: { role: name } },
    ports: [
      { name: "web", port: 80, protocol: "TCP" },
      { name: "web", port: 81, protocol: "UDP" },
    ],
    ...more,
  };
}
const endOf = (text: string): End => {
  if (text === "host")
    return { kind: "pod", pod: pod("x/host", { hostNetwork: true, node: "n2" }) };
  return text in POD_ADDRESSES
    ? { kind: "pod", pod: pod(text) }
    : { kind: "address", address: address(text), node: null };
};

/** What is in force: specs by `Kind namespace/name`, of Kubernetes' own NetworkPolicies by `Kubernetes namespace/name`. */
export type Objects = { readonly [name: string]: Json };

export function object(title: string, spec: Json): KubeObject {
  const [kind = "", key = ""] = title.split(" ");
  const [name = "", namespace] = key.split("/").toReversed();
  const { labels = {}, ...rest } = spec;
  const metadata = { name, labels, ...(namespace === undefined ? {} : { namespace }) };
  const made: unknown = { apiVersion: "projectcalico.org/v3", kind, metadata, spec: rest };
  if (!isKubeObject(made)) throw new Error(title);
  return made;
}

function readAll<T>(
  objects: Objects,
  kinds: RegExp,
  read: (
    object: KubeObject,
  ) => { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown },
): readonly T[] {
  return Object.entries(objects)
    .filter(([title]) => kinds.test(title))
    .map(([title, spec]) => {
      const found = read(object(title, spec));
      if (!found.ok) throw new Error(`${title}: ${JSON.stringify(found.error)}`);
      return found.value;
    });
}

export function policiesOf(objects: Objects): Policies {
  const calico: CalicoPolicies = {
    policies: readAll(objects, /^(?:Global)?NetworkPolicy /, readCalicoPolicy),
    tiers: readAll(objects, /^Tier /, readCalicoTier),
    sets: readAll(objects, /^(?:Global)?NetworkSet /, (each) =>
      readCalicoNetworkSet(each, { team: each.metadata.namespace }),
    ),
  };
  const network = readAll(objects, /^Kubernetes /, readPolicy);
  return { network, cluster: readAll(objects, /^Cluster /, readClusterPolicy), calico };
}

/** `from to`, with `port/protocol`, `icmp TYPE CODE` or `protocol N`; 80/TCP over IPv4 when nothing is said, `v6` for IPv6. */
export function attemptOf(text: string): Attempt {
  const [from = "", to = "", ...words] = text.split(" ");
  const family: Family = words.includes("v6") ? "ipv6" : "ipv4";
  return { from: endOf(from), to: endOf(to), family, ...trafficOf(words) };
}

function trafficOf([first = "80/TCP", ...more]: readonly string[]): Traffic {
  const [type = 0, code = 0] = more.map(Number);
  if (first === "icmp") return { protocol: "ICMP", type, code };
  if (first === "protocol") return { protocol: type };
  const [port = "", name = ""] = (first === "v6" ? "80/TCP" : first).split("/");
  const protocol = protocolOf(name);
  if (protocol === null) throw new Error(first);
  return { protocol, port: Number(port) };
}

export const allow = { action: "Allow" };
export const deny = { action: "Deny" };
export const pass = { action: "Pass" };

/** A policy that is about what comes to the pods of that name. */
export const ingressTo = (app: string, ...ingress: readonly Json[]): Json => ({
  selector: `app == '${app}'`,
  types: ["Ingress"],
  ingress,
});
export const allowFrom = (source: Json): Objects => ({
  "GlobalNetworkPolicy g": ingressTo("a", { action: "Allow", source }),
});
export const allowFromIn = (namespace: string, source: Json): Objects => ({
  [`NetworkPolicy ${namespace}/p`]: ingressTo("a", { action: "Allow", source }),
});
export const rule = (more: Json): Objects => ({
  "GlobalNetworkPolicy g": ingressTo("a", { action: "Allow", ...more }),
});

/** What passes and what is denied under the objects. */
export type Case = readonly [
  sentence: string,
  objects: Objects,
  passing: readonly string[],
  denied: readonly string[],
];

/** Attempts of a case that are not judged as it says. */
export function misjudged([, objects, passing, denied]: Case): readonly string[] {
  const policies = policiesOf(objects);
  const isAllowed = (text: string): boolean => judge(attemptOf(text), policies).allowed;
  return [
    ...passing.filter((each) => !isAllowed(each)).map((each) => `${each} is denied`),
    ...denied.filter(isAllowed).map((each) => `${each} passes`),
  ];
}
