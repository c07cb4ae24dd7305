/** Who may speak to whom: pods, namespaces and policies are read from the cluster, and judged by the definitions of the API. */
import {
  type Address,
  err,
  FAMILIES,
  type Family,
  formatAddress,
  ok,
  parseAddress,
} from "@seam/base";
import { child, children, type Json, type KubeObject, textAt } from "@seam/kube";
import {
  type Attempt,
  type End,
  type Explanation,
  explain,
  hostNotes,
  judge,
  type NetworkPolicy,
  type Pod,
  type Policies,
  type Port,
  type Protocol,
  protocolOf,
  readPolicy,
  type Traffic,
  type Verdict,
} from "@seam/reach";
import { readCalico, withAccounts } from "./calico-policies.ts";
import { readClusterPolicies } from "./cluster-policies.ts";
import { fromKube, nameOf, type SeamError } from "./error.ts";
import { fieldOf, itemsOf } from "./fields.ts";
import { type KubeReader, listObjects, type Reply } from "./list.ts";
import { readIcmpWord, readPortWord } from "./port-word.ts";
import { openingsFor } from "./reach-openings.ts";
import type { Seam } from "./seam.ts";

/** What is asked: ends as POD, NAMESPACE/POD, node:NAME or an address; the port as 80, 80/UDP or the name of a port of the destination, or icmp. */
export type ReachQuestion = {
  readonly from: string;
  readonly to: string;
  readonly port: string;
  /** Null: IPv4 when both ends have it. */
  readonly family: Family | null;
};

/** The answer, what decided, and what to change. */
export type ReachAnswer = {
  readonly attempt: Attempt;
  readonly verdict: Verdict;
  readonly explanation: Explanation;
  /** NetworkPolicies that would allow it, where these are enough; empty when it is allowed. */
  readonly openings: readonly KubeObject[];
  /** What could not be taken into account. */
  readonly notes: readonly string[];
};

/** The cluster, and the namespace of ends that name none. */
export type ReachPlace = Pick<Seam, "kube" | "namespace">;

const NODE = { apiVersion: "v1", kind: "Node" };
export const POD = { apiVersion: "v1", kind: "Pod" };
const POLICY = { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy" };

const wrong = (message: string, hint: string): SeamError => ({
  code: "BadInput",
  message,
  hint,
  details: [],
});

/** Judges one connection by the policies that are in force in the namespaces of its ends. */
export async function askReach(seam: ReachPlace, question: ReachQuestion): Reply<ReachAnswer> {
  const from = await endOf(seam, question.from, question.family);
  if (!from.ok) return from;
  const to = await endOf(seam, question.to, question.family);
  if (!to.ok) return to;
  const family = familyFor([from.value, to.value], question.family);
  if (family === null) {
    const hint = "Name ends that have addresses of one family, or leave --family out.";
    return err(wrong(`${question.from} and ${question.to} have no address of one family`, hint));
  }
  const traffic = trafficOf(question.port, to.value, family);
  if (!traffic.ok) return traffic;
  return judged(seam, { from: from.value, to: to.value, family, ...traffic.value });
}

/** Judges an attempt by all that may be read. */
async function judged({ kube }: ReachPlace, asked: Attempt): Reply<ReachAnswer> {
  const ends = [asked.from, asked.to];
  const pods = ends.flatMap((end) => (end.kind === "pod" ? [end.pod] : []));
  const read = await readInForce(kube, pods, ends.some(isOfNode));
  if (!read.ok) return read;
  const { policies } = read.value;
  const [from, to] = [
    withPod(asked.from, read.value.pods[0]),
    withPod(asked.to, read.value.pods.at(-1)),
  ];
  const attempt = { ...asked, from, to };
  const verdict = judge(attempt, policies);
  const notes = [...read.value.notes, ...hostNotes(attempt, policies.calico)];
  const openings = openingsFor(attempt, verdict, policies);
  return ok({ attempt, verdict, explanation: explain(attempt, verdict), openings, notes });
}

/** Whether host endpoints may be about the end: an address of a node, or a pod that shares its network. */
const isOfNode = (end: End): boolean =>
  end.kind === "pod" ? end.pod.hostNetwork : end.node !== null;

/** What decides about pods, and the pods as that sees them. */
export type InForce = {
  readonly pods: readonly Pod[];
  readonly policies: Required<Policies>;
  readonly notes: readonly string[];
};

/** Reads all policies about pods that may be read, and those about nodes' own programs if they are asked about. */
export async function readInForce(
  kube: KubeReader,
  pods: readonly Pod[],
  asksNodes: boolean,
): Reply<InForce> {
  const namespaces = pods.map(({ namespace }) => namespace);
  const network = await policiesIn(kube, namespaces);
  if (!network.ok) return network;
  const cluster = await readClusterPolicies(kube);
  if (!cluster.ok) return cluster;
  const calico = await readCalico(kube, { namespaces, asksNodes });
  if (!calico.ok) return calico;
  const known = await withAccounts(kube, pods, calico.value.found);
  if (!known.ok) return known;
  return ok({
    policies: {
      network: network.value,
      cluster: cluster.value.policies,
      calico: calico.value.found,
    },
    pods: known.value.found,
    notes: [cluster.value, calico.value, known.value].flatMap((each) => each.notes),
  });
}

const withPod = (end: End, pod: Pod | undefined): End =>
  end.kind === "pod" && pod !== undefined ? { kind: "pod", pod } : end;

async function endOf(seam: ReachPlace, word: string, family: Family | null): Reply<End> {
  const address = parseAddress(word);
  if (address.ok) return nodeAt(seam, address.value);
  if (word.startsWith(NODE_WORD)) return nodeNamed(seam, word.slice(NODE_WORD.length), family);
  const [namespace, name, ...more] = word.includes("/") ? word.split("/") : [seam.namespace, word];
  if (namespace === undefined || name === undefined || name === "" || more.length > 0) {
    const hint =
      "Expected POD, NAMESPACE/POD, node:NAME or an IP address, for example lab-a/server-0.";
    return err(wrong(`cannot tell what "${word}" names`, hint));
  }
  return podNamed(seam, { ...POD, namespace, name });
}

async function podNamed(
  seam: ReachPlace,
  ref: typeof POD & { readonly namespace: string; readonly name: string },
): Reply<End> {
  const found = await seam.kube.get(ref);
  if (!found.ok) return err(fromKube(`get ${nameOf(ref)}`, found.error));
  const labels = await namespaceLabels(seam.kube, ref.namespace);
  if (!labels.ok) return labels;
  const pod = podOf(found.value, labels.value);
  return ok({ kind: "pod", pod: pod.hostNetwork ? await withNode(seam, pod) : pod });
}

/** A pod with the labels of the node whose network it shares. */
async function withNode({ kube }: ReachPlace, pod: Pod): Promise<Pod> {
  if (pod.node === null) return pod;
  const node = await kube.get({ ...NODE, name: pod.node });
  return node.ok ? { ...pod, nodeLabels: child(node.value.metadata, "labels") } : pod;
}

/** How nodes are written, which no pod is called like. */
const NODE_WORD = "node:";

/** A node by its internal address of the family, or by the first one. */
async function nodeNamed({ kube }: ReachPlace, name: string, family: Family | null): Reply<End> {
  const ref = { ...NODE, name };
  const node = await kube.get(ref);
  if (!node.ok) return err(fromKube(`get ${nameOf(ref)}`, node.error));
  const addresses = itemsOf(node.value, "status", "addresses").flatMap((each) => {
    const address = parseAddress(String(fieldOf(each, "address")));
    return fieldOf(each, "type") === "InternalIP" && address.ok ? [address.value] : [];
  });
  const address = addresses.find((each) => family === null || each.family === family);
  if (address === undefined) {
    const hint = "Name one of its addresses, or leave --family out.";
    return err(wrong(`node ${name} has no internal address of the family`, hint));
  }
  const nodeLabels = child(node.value.metadata, "labels");
  return ok({ kind: "address", address, node: name, nodeLabels });
}

/** An address, and the node that it belongs to; who may not read nodes is taken to mean none of them. */
async function nodeAt({ kube }: ReachPlace, address: Address): Reply<End> {
  const nodes = await listObjects(kube, NODE);
  const node = (nodes.ok ? nodes.value : []).find((each) =>
    itemsOf(each, "status", "addresses").some(
      (one) => fieldOf(one, "address") === formatAddress(address),
    ),
  );
  const nodeLabels = node === undefined ? {} : { nodeLabels: child(node.metadata, "labels") };
  return ok({ kind: "address", address, node: node?.metadata.name ?? null, ...nodeLabels });
}

/** Labels of a namespace. */
export async function namespaceLabels(kube: KubeReader, name: string): Reply<Json> {
  const ref = { apiVersion: "v1", kind: "Namespace", name };
  const found = await kube.get(ref);
  return found.ok
    ? ok(child(found.value.metadata, "labels"))
    : err(fromKube(`get ${nameOf(ref)}`, found.error));
}

/** A pod as policies see it; its ports are those of all containers that run beside each other. */
export function podOf(object: KubeObject, labels: Json): Pod {
  const spec = child(object, "spec");
  const addresses = children(child(object, "status"), "podIPs").flatMap((each) => {
    const address = parseAddress(String(each["ip"]));
    return address.ok ? [address.value] : [];
  });
  const sidecars = children(spec, "initContainers").filter(
    (each) => each["restartPolicy"] === "Always",
  );
  const ports = [...children(spec, "containers"), ...sidecars].flatMap((container) =>
    children(container, "ports").flatMap((each) => {
      const port = each["containerPort"];
      const protocol = protocolOf(textAt(each, "protocol") ?? "TCP");
      return typeof port === "number" && protocol !== null
        ? [{ name: textAt(each, "name") ?? "", port, protocol }]
        : [];
    }),
  );
  const account = textAt(spec, "serviceAccountName");
  return {
    namespace: object.metadata.namespace ?? "",
    name: object.metadata.name,
    labels: child(object.metadata, "labels"),
    ...(account === null ? {} : { serviceAccount: { name: account, labels: {} } }),
    namespaceLabels: labels,
    addresses,
    node: textAt(spec, "nodeName"),
    hostNetwork: spec["hostNetwork"] === true,
    ports,
  };
}

/** A port, or a message of ICMP. */
function trafficOf(text: string, to: End, family: Family): Awaited<Reply<Traffic>> {
  const icmp = readIcmpWord(text, family);
  return icmp === null ? portOf(text, to) : ok({ protocol: "ICMP", ...icmp });
}

/** A port as people write it: a number or, of a pod, a name; without a protocol TCP. */
export function portOf(text: string, to: End): Awaited<Reply<Port>> {
  const word = readPortWord(text);
  if (word === null) return err(notAPort(text));
  const { port, protocol } = word;
  return typeof port === "number" ? ok({ port, protocol }) : namedPort(port, protocol, to);
}

function namedPort(name: string, protocol: Protocol, to: End): Awaited<Reply<Port>> {
  const ports = to.kind === "pod" ? to.pod.ports : [];
  const found = ports.find((each) => each.name === name && each.protocol === protocol);
  if (found !== undefined) return ok({ port: found.port, protocol });
  const names = ports.map((each) => `${each.name}/${each.protocol}`).join(", ");
  return err(
    wrong(
      `the destination has no port called "${name}" for ${protocol}`,
      names === "" ? "Name a port by its number, such as 80/TCP." : `Its ports are: ${names}.`,
    ),
  );
}

const notAPort = (word: string): SeamError =>
  wrong(
    `cannot read the port "${word}"`,
    "Expected a number from 1 to 65535 or a port's name, with /TCP, /UDP or /SCTP, for example 5201/TCP; or icmp, icmp/TYPE, icmp/TYPE/CODE.",
  );

function familyFor(ends: readonly End[], wanted: Family | null): Family | null {
  const has = (family: Family): boolean =>
    ends.every((end) => addressesOf(end).some((address) => address.family === family));
  const tried = wanted === null ? FAMILIES : [wanted];
  return tried.find(has) ?? null;
}

const addressesOf = (end: End): readonly Address[] =>
  end.kind === "pod" ? end.pod.addresses : [end.address];

async function policiesIn(
  kube: KubeReader,
  namespaces: readonly string[],
): Reply<readonly NetworkPolicy[]> {
  const objects: KubeObject[] = [];
  for (const namespace of new Set(namespaces)) {
    const listed = await listObjects(kube, { ...POLICY, namespace });
    if (!listed.ok) return listed;
    objects.push(...listed.value);
  }
  return readPolicies(objects);
}

function readPolicies(objects: readonly KubeObject[]): Awaited<Reply<readonly NetworkPolicy[]>> {
  const policies: NetworkPolicy[] = [];
  for (const object of objects) {
    const read = readPolicy(object);
    if (!read.ok) {
      const { name, namespace } = object.metadata;
      return err({
        code: "Failed",
        message: `cannot judge by ${nameOf({ kind: POLICY.kind, name, namespace })}`,
        hint: "This version of Seam does not know these fields; use a newer one.",
        details: read.error,
      });
    }
    policies.push(read.value);
  }
  return ok(policies);
}
