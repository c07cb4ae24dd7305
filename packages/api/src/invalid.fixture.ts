/** Objects that are wrong, each in one way, for tests of this package and of those above it (`@seam/api/testing`). */
import { API_VERSION } from "./words.ts";

/** A wrong object, and in which way it is wrong. */
export type Invalid = { readonly name: string; readonly object: WrongObject };

type WrongObject = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec?: unknown;
};

const server = { name: "server", image: "localhost/seam/traffic:dev" };
const client = { ...server, name: "client" };

const experiment = (name: string, spec: unknown): Invalid => ({
  name: `Experiment: ${name}`,
  object: {
    apiVersion: API_VERSION,
    kind: "Experiment",
    metadata: { name: "wrong", namespace: "default" },
    ...(spec === undefined ? {} : { spec }),
  },
});

const workload = (name: string, fields: object): Invalid =>
  experiment(name, { workloads: [{ ...server, ...fields }] });

const both = (name: string, fields: object): Invalid =>
  experiment(name, { workloads: [server, client], ...fields });

const project = (name: string, spec: unknown, called = "wrong"): Invalid => ({
  name: `Project: ${name}`,
  object: { apiVersion: API_VERSION, kind: "Project", metadata: { name: called }, spec },
});

const network = (name: string, spec: unknown, called = "default"): Invalid => ({
  name: `NetworkConfig: ${name}`,
  object: { apiVersion: API_VERSION, kind: "NetworkConfig", metadata: { name: called }, spec },
});

/** More than sixty of them. */
export const invalidObjects: readonly Invalid[] = [
  experiment("no specification", undefined),
  experiment("a specification that is a text", "two servers"),
  experiment("an unknown field", { workloads: [server], lifetme: "1h" }),
  experiment("no workloads", {}),
  experiment("an empty list of workloads", { workloads: [] }),
  experiment("workloads that are no list", { workloads: server }),
  experiment("too many workloads", {
    workloads: Array.from({ length: 65 }, (_, index) => ({ ...server, name: `w${index}` })),
  }),
  experiment("a name that is used twice", { workloads: [server, server] }),
  experiment("a workload without a name", { workloads: [{ image: "i:1" }] }),
  experiment("a workload without an image", { workloads: [{ name: "server" }] }),
  workload("an unknown field of a workload", { imgae: "i:1" }),
  workload("an empty image", { image: "" }),
  workload("an image that is a number", { image: 5 }),
  workload("a name in capitals", { name: "Server" }),
  workload("a name that ends with a hyphen", { name: "server-" }),
  workload("a name of 64 characters", { name: "s".repeat(64) }),
  workload("an unknown kind", { kind: "Pod" }),
  workload("a command that is a text", { command: "iperf3 -s" }),
  workload("a number in a command", { command: ["sleep", 5] }),
  workload("arguments that are a map", { args: { verbose: true } }),
  workload("fewer than no replicas", { replicas: -1 }),
  workload("too many replicas", { replicas: 1001 }),
  workload("half a replica", { replicas: 1.5 }),
  workload("replicas as a text", { replicas: "2" }),
  workload("a variable whose name begins with a digit", { env: [{ name: "1ST", value: "x" }] }),
  workload("a variable without a value", { env: [{ name: "MODE" }] }),
  workload("a variable with two values", {
    env: [{ name: "MODE", value: "x", secret: { name: "keys", key: "mode" } }],
  }),
  workload("a variable whose value is a number", { env: [{ name: "LEVEL", value: 3 }] }),
  workload("a variable of a Secret without a key", {
    env: [{ name: "TOKEN", secret: { name: "keys" } }],
  }),
  workload("a variable that is there twice", {
    env: [
      { name: "MODE", value: "x" },
      { name: "MODE", value: "y" },
    ],
  }),
  workload("files at a relative path", { files: [{ path: "etc", configMap: "settings" }] }),
  workload("files of nothing", { files: [{ path: "/etc/app" }] }),
  workload("files of two things", { files: [{ path: "/etc/app", configMap: "a", secret: "b" }] }),
  workload("a volume of nothing", { volumes: [{ path: "/data" }] }),
  workload("a volume without a size", { volumes: [{ path: "/data", scratch: true }] }),
  workload("a volume of an unknown unit", { volumes: [{ path: "/data", scratch: "1 GB" }] }),
  workload("files and a volume at one path", {
    files: [{ path: "/data", configMap: "settings" }],
    volumes: [{ path: "/data", scratch: "1Gi" }],
  }),
  workload("a label of Seam's own", { labels: { "seam.ucsd.edu/workload": "other" } }),
  workload("a label whose value has a space", { labels: { team: "dark blue" } }),
  workload("a port of number 0", { ports: [{ name: "p", port: 0 }] }),
  workload("a port without a name", { ports: [{ port: 80 }] }),
  workload("a port of an unknown protocol", { ports: [{ name: "p", port: 80, protocol: "HTTP" }] }),
  workload("a port's name that is there twice", {
    ports: [
      { name: "p", port: 80 },
      { name: "p", port: 81 },
    ],
  }),
  workload("cores as a number", { resources: { cpu: 2 } }),
  workload("cores with a unit that is not theirs", { resources: { cpu: "2Gi" } }),
  workload("memory with a space", { resources: { memory: "128 Mi" } }),
  workload("fewer than no devices", { resources: { gpu: { "nvidia.com/gpu": -1 } } }),
  workload("an unknown placement", { placement: "random" }),
  workload("a placement with two wishes", { placement: { node: "n1", spread: "zone" } }),
  workload("a placement that is a number", { placement: 2 }),
  workload("no bandwidth", { bandwidth: { egressMbps: 0 } }),
  workload("bandwidth as a text", { bandwidth: { ingressMbps: "10M" } }),
  workload("a workload that waits for itself", { after: ["server"] }),
  workload("a workload that waits for an unknown one", { after: ["database"] }),
  workload("a restart at no time", { restartedAt: "yesterday" }),
  both("a policy from an unknown workload", { policies: [{ from: "x", to: "server" }] }),
  both("a policy to nobody", { policies: [{ from: "client" }] }),
  both("a policy's port without a protocol", {
    policies: [{ from: "client", to: "server", ports: ["5201"] }],
  }),
  both("a policy's port as a number", {
    policies: [{ from: "client", to: "server", ports: [5201] }],
  }),
  both("a policy with an empty list of ports", {
    policies: [{ from: "client", to: "server", ports: [] }],
  }),
  both("a lifetime of no unit", { lifetime: "60" }),
  both("a lifetime of nothing", { lifetime: "0h" }),
  both("a suspension as a text", { suspend: "yes" }),
  project("a name that is no DNS label", {}, "lab.a"),
  project("a name of 64 characters", {}, "l".repeat(64)),
  project("an unknown field", { owner: "ann" }),
  project("a member who is nobody", { members: [{ role: "admin" }] }),
  project("a member who is both", { members: [{ user: "ann", group: "all", role: "admin" }] }),
  project("a member of an unknown role", { members: [{ user: "ann", role: "owner" }] }),
  project("a member without a role", { members: [{ user: "ann" }] }),
  project("fewer than no pods", { quota: { pods: -1 } }),
  project("memory with a space", { quota: { memory: "32 GiB" } }),
  project("devices as a text", { quota: { gpu: { "nvidia.com/gpu": "2" } } }),
  project("no bandwidth", { quota: { egressMbps: 0 } }),
  project("cores with a unit that is not theirs", { limits: { max: { cpu: "4Gi" } } }),
  network("another name", {}, "other"),
  network("an overlay that does not exist", { overlay: "srv7" }),
  network("an MTU too small for IPv6", { mtu: 1279 }),
  network("a prefix with host bits", { masqueradeExceptions: ["192.0.2.1/24"] }),
  network("a prefix without a length", { masqueradeExceptions: ["192.0.2.0"] }),
  network("an unknown word", { fastPath: "on" }),
];
