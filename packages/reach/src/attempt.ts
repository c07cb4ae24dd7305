/** What is asked: which end wants to speak to which other, and how. */
import type { Address, Family } from "@seam/base";
import type { Json } from "@seam/kube";

import type { PolicyPort, Protocol } from "./policy.ts";

/** A pod as policies see it. */
export type Pod = {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Json;
  readonly namespaceLabels: Json;
  readonly addresses: readonly Address[];
  readonly node: string | null;
  /** Shares its node's network: it has the node's addresses, and policies neither select nor name it. */
  readonly hostNetwork: boolean;
  /** Of its node, when it shares that one's network. */
  readonly nodeLabels?: Json;
  /** As whom it runs, which only Calico's policies ask. */
  readonly serviceAccount?: { readonly name: string; readonly labels: Json };
  readonly ports: readonly {
    readonly name: string;
    readonly port: number;
    readonly protocol: Protocol;
  }[];
};

/** One end of a connection: a pod, or what else has an address; `node` is set for an address of a node. */
export type End =
  | { readonly kind: "pod"; readonly pod: Pod }
  | {
      readonly kind: "address";
      readonly address: Address;
      readonly node: string | null;
      readonly nodeLabels?: Json;
      /** Of a node's interface, by the names that its endpoint gives them. */
      readonly ports?: Pod["ports"];
    };

/** What is sent: to a port, a message of ICMP (of ICMPv6 when the family is IPv6), or another protocol by IP's number for it. */
export type Traffic =
  | { readonly protocol: Protocol; readonly port: number }
  | { readonly protocol: "ICMP"; readonly type: number; readonly code: number }
  | { readonly protocol: number };

/** A connection that somebody wants to make, after services have been translated. */
export type Attempt = Traffic & {
  readonly from: End;
  readonly to: End;
  readonly family: Family;
};

/** The addresses of an end in a family. */
export const addressesOf = (end: End, family: Family): readonly Address[] =>
  (end.kind === "pod" ? end.pod.addresses : [end.address]).filter(
    (address) => address.family === family,
  );

const portsOf = (end: End): Pod["ports"] =>
  end.kind === "pod" ? end.pod.ports : (end.ports ?? []);

/** Whether the attempt goes to what its destination calls so. */
export const isPortNamed = (name: string, attempt: Attempt): boolean =>
  isAmong(portsOf(attempt.to), name, attempt);

/** Whether the attempt goes to one of these ports, by its name. */
export const isAmong = (ports: Pod["ports"], name: string, attempt: Attempt): boolean =>
  "port" in attempt &&
  ports.some(
    (each) =>
      each.name === name && each.protocol === attempt.protocol && each.port === attempt.port,
  );

/** Whether an attempt goes to a port; a name means the port that a container of the destination gives it. */
export function isPort(port: PolicyPort, attempt: Attempt): boolean {
  if (!("port" in attempt) || port.protocol !== attempt.protocol) return false;
  switch (port.kind) {
    case "all":
      return true;
    case "range":
      return port.first <= attempt.port && attempt.port <= port.last;
    case "named":
      return isPortNamed(port.name, attempt);
  }
}
