/**
 * The node's agent: keeps a copy of the cluster's nodes, answers the container runtime's CNI calls, and
 * keeps the node as intent says. It tears nothing down when it stops: the kernel goes on forwarding.
 */
import type { RateReading } from "@seam/bandwidth";
import { SYSTEM_NAMESPACE } from "@seam/api";
import { err, ok } from "@seam/base";
import { type ApiCounts, type Daemon, type Log, type LogLevel, startDaemon } from "@seam/daemon";
import { type ClusterFacts, type NetworkFacts, type NodeFacts, podMtu } from "@seam/intent";
import {
  type Change,
  type ClusterConfig,
  createEventRecorder,
  createKubeClient,
  type KubeClient,
  type Reflector,
  startReflector,
  textAt,
} from "@seam/kube";
import { freeUplinks, openPolicyTable, type PolicyTable } from "@seam/kernel";

import { adoptInterfaces } from "./adopt.ts";
import { keepClosed } from "./closed-table.ts";
import { carryOut } from "./cni-call.ts";
import { createCniQueue } from "./cni-queue.ts";
import { serveCni } from "./cni-server.ts";
import { createDenials } from "./denials.ts";
import { createHostDenials } from "./host-denials.ts";
import { watchDenials } from "./denial-watch.ts";
import { createFastPath, type PodFastPath } from "./fast-path.ts";
import { type GuaranteeKeeper, keepGuarantees } from "./guarantee-keeper.ts";
import type { GuaranteeOptions } from "./guarantees.ts";
import { installPlugin, type PluginPlaces, removePlugin } from "./install-plugin.ts";
import { createAgentMetrics } from "./metrics.ts";
import { networkFactsOf, watchNetwork } from "./network.ts";
import { nodeFactsOf } from "./node-facts.ts";
import { interfaceNamed, readNodeInterfaces } from "./node-interfaces.ts";
import { type NodeMemory, rememberedNode } from "./node-memory.ts";
import { policyFaults } from "./node-news.ts";
import { nodeView } from "./node-view.ts";
import { serveNodeView, type ViewAnswer, type ViewQuestion } from "./node-view-server.ts";
import { watchPodRates, type WatchedRates } from "./pod-rates.ts";
import { registerPodTraffic } from "./pod-traffic-metrics.ts";
import { createPolicies, lackOf, type Policies } from "./policies.ts";
import { countPolicies, type PolicyCounters } from "./policy-counters.ts";
import { watchPolicyObjects } from "./policy-objects.ts";
import { createPolicyReport, type PolicyReport } from "./policy-report.ts";
import { registerRateMetrics } from "./rate-metrics.ts";
import { createReconciler, type Reconciler, type RoundFacts } from "./reconciler.ts";
import { namespaceOf, watchInstallation, withoutPodsOf } from "./removal.ts";
import { createReports, type Reports } from "./reports.ts";
import { runtimeMemory } from "./runtime-memory.ts";
import { type OpenedStore, openNodeStore, type Store } from "./store.ts";

/** How an agent runs. */
export type AgentOptions = {
  readonly nodeName: string;
  readonly cluster: ClusterConfig;
  /** The node's memory; its folder is made. */
  readonly storeFile: string;
  /** Folder in which the container runtime remembers its CNI calls (libcni); it may be absent. */
  readonly runtimeCache: string;
  /** Unix socket of the shim. */
  readonly cniSocket: string;
  /** Unix socket that tells what the node should look like and what it looks like. */
  readonly viewSocket: string;
  /** Null leaves the container runtime's folders alone. */
  readonly plugin: PluginPlaces | null;
  /** `namespace/name` of the DaemonSet that runs this agent: the plug-in goes when it is deleted. Null: never. */
  readonly daemonSet: string | null;
  /** Annotations of pods with their rates that are read before the known ones. */
  readonly rateKeys: { readonly egress: string; readonly ingress: string };
  /** What numbers without a suffix count in them. */
  readonly rateUnits: RateReading;
  /** Annotations with how far pods may go beyond their rates. */
  readonly ceilings: { readonly egress: string; readonly ingress: string };
  /** Where what is reserved for pods is kept free on the way to other nodes. */
  readonly guarantees: GuaranteeOptions;
  /** TCP port of health and metrics. */
  readonly httpPort: number;
  readonly logLevel: LogLevel;
};

/** Runs until told to stop by SIGTERM or SIGINT. */
export async function runAgent(options: AgentOptions): Promise<void> {
  const opened = openNodeStore(options.storeFile);
  if (!opened.ok) throw new Error(opened.error);
  using store = opened.value.store;
  const waiting = new Set([NODE_LIST, POD_PREFIXES, POLICY_OBJECTS]);
  await using daemon = await startDaemon({
    name: "seam-agent",
    port: options.httpPort,
    logLevel: options.logLevel,
    missing: () => [...waiting].map((what) => `waiting for ${what}`),
  });
  const { log } = daemon;
  await using api = openApi(options, daemon);
  const { reports } = api;
  using table = closedTable();
  takeOver(options, opened.value, { log, reports });
  using fastPath = createFastPath(log);
  const metrics = createAgentMetrics(daemon.metrics, { store, fastPath });
  registerRateMetrics(daemon.metrics, store);
  registerPodTraffic(daemon.metrics, store);
  const namespace = reportNamespace(options);
  const kept = { ...options, namespace, store, log, client: api.client, counts: daemon.counts };
  const onChange = (): void => reconciler.request();
  await using guarantees = keepGuarantees({ ...kept, onChange });
  const { onRates } = guarantees;
  const reconciler = createReconciler({ store, log, metrics, reports, fastPath, onRates });
  const memory = rememberedNode(store);
  const onWritten = fastPath.renew;
  const told = { node: options.nodeName, log, metrics, reports, onWritten };
  const readInterfaces = readNodeInterfaces;
  using policies = createPolicies({ ...told, table, store, readInterfaces });
  const counters = countPolicies(daemon.metrics, { table, intent: policies.intent, store, log });
  const changed = (): void => {
    reconciler.request();
    policies.followLinks();
  };
  const queue = createCniQueue({ store, ...memory, changed, isAdmitted: policies.isAdmitted });
  await using _server = await serveCni(options.cniSocket, (request) =>
    metrics.timeCni(request.command, async () => carryOut({ queue, log, reports }, request)),
  );
  await using _view = await serveNodeView(options.viewSocket, (question) =>
    viewOf({ compare: reconciler.compare, gates: policies.gates }, question),
  );
  log.info({ node: options.nodeName, socket: options.cniSocket }, "answering CNI calls");
  const running = { options, daemon, api, store, memory, fastPath, reconciler, waiting };
  await followCluster({ ...running, policies, counters, guarantees });
}

type Running = {
  readonly options: AgentOptions;
  readonly daemon: Daemon;
  readonly api: Api;
  readonly store: Store;
  readonly memory: NodeMemory;
  readonly fastPath: PodFastPath;
  readonly reconciler: Reconciler;
  readonly policies: Policies;
  readonly counters: PolicyCounters;
  readonly guarantees: GuaranteeKeeper;
  /** What is missing until the agent is ready. */
  readonly waiting: Set<string>;
};

/** Keeps the node as the cluster's objects mean, until told to stop. */
async function followCluster(agent: Running): Promise<void> {
  const { options, daemon, api, store, memory, reconciler, guarantees, waiting } = agent;
  const { client, reports } = api;
  const { log, counts } = daemon;
  const watched = { client, log, counts };
  const onChange = reconciler.request;
  await using installation = watchInstallation({ ...watched, daemonSet: options.daemonSet });
  using report = policyReport(options, watched);
  await using _objects = followPolicies(agent, watched, report);
  await using network = watchNetwork({ ...watched, store, reports, onChange });
  // The first pod of a node already gets the MTU that these settings mean.
  await Promise.race([network.settled, aborted(daemon.signal)]);
  const nodeName = options.nodeName;
  await using rates = watchPodRates({ ...options, ...watched, nodeName, onChange });
  const factsWith = (settings: NetworkFacts): RoundFacts => {
    const cluster = { nodes: nodes.entries().map(([, each]) => each), network: settings };
    return factsOf(nodeName, cluster, { ...agent, rates });
  };
  /** The MTU that is known to be right for pods is remembered, and the speed of the uplink told. */
  const knownFacts = (): RoundFacts => {
    const facts = factsWith(network.current());
    memory.setMtu(podMtu(facts.cluster, facts.own));
    report.setLinkSpeed(facts.own.linkSpeed ?? null);
    return facts;
  };
  await using nodes = watchNodes(watched, ({ kind, value }) => {
    if (kind === "set" && value.name === options.nodeName) {
      report.setOwner(value.uid);
      guarantees.setOwner(value.uid);
      memory.setPodCidrs(value.podCidrs);
      knownFacts();
      if (value.podCidrs.length > 0 && waiting.delete(POD_PREFIXES)) install(options, reports);
    }
    reconciler.request();
  });
  await Promise.race([Promise.all([nodes.synced, rates.synced]), aborted(daemon.signal)]);
  waiting.delete(NODE_LIST);
  if (!daemon.signal.aborted) {
    reconciler.start((assumed) => (assumed === undefined ? knownFacts() : factsWith(assumed)));
    await aborted(daemon.signal);
  }
  log.info({}, "stopping; pods keep their network");
  reconciler.stop();
  if (installation.isRemoved()) await remove(agent);
}

/** Policies are written from when all objects were seen once; what they deny is told. */
function followPolicies(
  agent: Running,
  watched: Watched,
  report: Pick<PolicyReport, "tell">,
): AsyncDisposable {
  const { api, store, policies, counters, waiting } = agent;
  const { reports } = api;
  const { log } = watched;
  const { intent } = policies;
  const objects = watchPolicyObjects({
    ...watched,
    intent,
    onChange: policies.request,
    onFaults: (policy, faults) => {
      log.warn({ policy, faults }, "a policy is not understood");
      reports.node(policyFaults(policy, faults));
    },
  });
  void objects.synced.then(() => {
    waiting.delete(POLICY_OBJECTS);
    return policies.start(() => report.tell(objects.versions()));
  });
  const denials = createDenials({ log, reports, store, intent, podAt: intent.podAt });
  const hostDenials = createHostDenials({ log, intent, podAt: intent.podAt, interfaceNamed });
  const watch = watchDenials({ denials, hostDenials, missed: counters.missed, log });
  return {
    [Symbol.asyncDispose]: async () => {
      watch[Symbol.dispose]();
      await objects[Symbol.asyncDispose]();
    },
  };
}

const policyReport = (options: AgentOptions, { client, log }: Watched): PolicyReport =>
  createPolicyReport({
    client,
    log,
    node: options.nodeName,
    namespace: reportNamespace(options),
  });

const reportNamespace = ({ daemonSet }: AgentOptions): string =>
  daemonSet === null ? SYSTEM_NAMESPACE : namespaceOf(daemonSet);

/** Before any pod can be added there is something that keeps it closed; what an earlier agent wrote stays. */
function closedTable(): PolicyTable {
  const opened = openPolicyTable();
  if (!opened.ok) throw new Error(`policies cannot be enforced: ${opened.error.message}`);
  const table = opened.value;
  const ready = keepClosed(table);
  if (!ready.ok)
    throw new Error(`policies cannot be enforced: ${ready.error.message}${lackOf(ready.error)}`);
  return table;
}

type Api = AsyncDisposable & { readonly client: KubeClient; readonly reports: Reports };

/** The way to the API server; at its end the last news are told. */
function openApi({ cluster, nodeName }: AgentOptions, { counts }: Daemon): Api {
  const client = createKubeClient(cluster, { onRequest: counts.requested });
  const recorder = createEventRecorder({
    client,
    reporter: { controller: "seam-agent", instance: nodeName },
    ...counts.events,
  });
  return {
    client,
    reports: createReports(nodeName, recorder),
    [Symbol.asyncDispose]: async () => {
      await recorder[Symbol.asyncDispose]();
      client.close();
    },
  };
}

function viewOf(
  { compare, gates }: Pick<Reconciler, "compare"> & Pick<Policies, "gates">,
  { networkConfig }: ViewQuestion,
): ViewAnswer {
  const assumed = networkConfig === null ? ok(undefined) : networkFactsOf(networkConfig);
  if (!assumed.ok) return err(`this agent cannot read the NetworkConfig: ${assumed.error}`);
  const compared = compare(assumed.value);
  if (compared === null) return err(`the agent is waiting for ${NODE_LIST}`);
  if (compared.ok) return ok({ ...nodeView(compared.value), gates: gates(), networkConfig });
  return err(`the node could not be observed: ${compared.error.message}`);
}

const NODE_LIST = "the first list of nodes";
const POD_PREFIXES = "the pod prefixes of this node";
const POLICY_OBJECTS = "the first list of pods, namespaces and policies";

type Watched = { readonly client: KubeClient; readonly log: Log; readonly counts: ApiCounts };

type SeenNode = NodeFacts & { readonly uid: string };

const watchNodes = (
  { client, log, counts }: Watched,
  onChange: (change: Change<SeenNode>) => void,
): Reflector<SeenNode> =>
  startReflector<SeenNode>({
    client,
    ref: { apiVersion: "v1", kind: "Node" },
    project: (node) => ({ ...nodeFactsOf(node), uid: textAt(node.metadata, "uid") ?? "" }),
    onChange,
    onError: (error) => {
      counts.watchBroke("Node");
      log.warn({ error }, "watching nodes failed; trying again");
    },
  });

/** What an earlier agent left, or what the kernel and the runtime still know of it. */
function takeOver(
  { storeFile: file, runtimeCache }: AgentOptions,
  { store, setAside }: OpenedStore,
  { log, reports }: { readonly log: Log; readonly reports: Reports },
): void {
  if (setAside !== null) {
    const what = "the node's records could not be read; rebuilding them from kernel and runtime";
    log.error({ file, kept: `${file}.corrupt`, why: setAside }, what);
    const message = `${what}: ${setAside}; the file is kept as ${file}.corrupt, and pods go on`;
    reports.node({ severity: "Warning", reason: "RecordsSetAside", message });
  }
  const adopted = adoptInterfaces(store, () => runtimeMemory(runtimeCache));
  if (!adopted.ok) throw new Error(`cannot take over this node's interfaces: ${adopted.error}`);
  const { rebuilt } = adopted.value;
  if (rebuilt === 0) return;
  reports.node({
    severity: "Normal",
    reason: "RecordsRebuilt",
    message: `${rebuilt} pod interfaces of this node had no record and got one back from the kernel; their pods go on`,
  });
}

/** The plug-in's configuration makes the node Ready, so it comes when ADD can work. */
function install({ plugin }: AgentOptions, reports: Reports): void {
  if (plugin === null || !installPlugin(plugin)) return;
  reports.node({
    severity: "Normal",
    reason: "PluginInstalled",
    message: "Seam's CNI plug-in is installed; this node can take pods",
  });
}

/** The node takes no more pods, so that the next pod network finds no trace of this one where it installs itself. */
async function remove(agent: Running): Promise<void> {
  const { options, daemon, store, policies } = agent;
  const { plugin, daemonSet } = options;
  await policies.openHosts();
  freeUplinks();
  if (plugin === null || daemonSet === null) return;
  await withoutPodsOf(namespaceOf(daemonSet), store);
  removePlugin(plugin);
  daemon.log.info({}, "Seam is uninstalled; the CNI plug-in is removed from this node");
}

type Asking = Pick<Running, "memory" | "fastPath" | "guarantees"> & {
  readonly rates: Pick<WatchedRates, "rated">;
};

/** What a round needs to know, from what the cluster is. */
function factsOf(name: string, cluster: ClusterFacts, asking: Asking): RoundFacts {
  const { memory, fastPath, guarantees, rates } = asking;
  const addresses = cluster.nodes.find((node) => node.name === name)?.internalAddresses ?? [];
  const opens = cluster.network.fastPath && fastPath.opens();
  const { uplinks, lacks } = guarantees.decide(cluster);
  const shared = uplinks === undefined ? {} : { uplinks };
  return {
    cluster,
    own: { name, ...memory.uplink(addresses), fastPath: opens, ...shared },
    lacks,
    rated: (attachments) =>
      rates
        .rated(attachments)
        .map((each) => ({ ...each, guarantee: guarantees.guaranteeOf(each) })),
  };
}

const aborted = async (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
