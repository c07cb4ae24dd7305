/** The local copies that reconciling reads, and the keys that each change makes work for. */
import { AGENT_NAME, API_VERSION, policyReportName, REPORT_KIND } from "@seam/api";
import type { Mbps } from "@seam/base";
import {
  EXPERIMENT_LABEL,
  type Mark,
  markOf,
  observeChild,
  type ObservedChild,
  type ObservedExperiment,
  type ObservedNamespace,
  type ObservedClusterPolicy,
  type ObservedNetworkConfig,
  type ObservedPod,
  type ObservedProject,
  type ObservedTenancy,
  observeExperiment,
  observeNamespace,
  observeNetworkConfig,
  observePod,
  observePolicyReport,
  observeProject,
  observeTenancy,
  PART_KINDS,
  type PolicyReport,
  PROJECT_LABEL,
  TENANCY_KINDS,
} from "@seam/compose";
import {
  type EventRecorder,
  startReflector,
  type KindRef,
  type KubeClient,
  type KubeError,
  type KubeObject,
  type ObjectRef,
  type Reflector,
} from "@seam/kube";
import {
  type BandwidthSettings,
  type BandwidthWatches,
  watchBandwidth,
} from "./bandwidth-watches.ts";
import { createEnforcementIndex, type EnforcementIndex } from "./enforcement-index.ts";
import { createGroupIndex } from "./group-index.ts";
import { type ServedPolicies, watchServedPolicies } from "./served-policies.ts";

/** What is told while the copies run. */
export type WatchOptions = {
  readonly client: Pick<KubeClient, "list" | "watch">;
  /** Called with `Experiment/NAMESPACE/NAME`, `Project/NAME`, `NetworkConfig/NAME` or `Bandwidth/NODE`; what somebody has written anew is urgent. */
  readonly onWork: (key: string, urgency?: "urgent") => void;
  readonly onError: (kind: string, error: KubeError) => void;
  /** Where agents report. */
  readonly namespace: string;
  readonly bandwidth: BandwidthSettings;
  /** Takes news about pods. */
  readonly report: EventRecorder["report"];
};

/** The copies. */
export type Watches = AsyncDisposable & {
  /** An experiment by NAMESPACE/NAME. */
  readonly experiment: (key: string) => ObservedExperiment | undefined;
  /** Experiments of a namespace. */
  readonly experimentsIn: (namespace: string) => readonly ObservedExperiment[];
  /** StatefulSets, Services and NetworkPolicies with the label of the experiment NAMESPACE/NAME. */
  readonly childrenOf: (key: string) => readonly ObservedChild[];
  /** Whose the StatefulSet, Service or NetworkPolicy is that exists under a name. */
  readonly markAt: (ref: ObjectRef) => Mark | undefined;
  /** Pods with the label of the experiment NAMESPACE/NAME. */
  readonly podsOf: (key: string) => readonly ObservedPod[];
  readonly project: (name: string) => ObservedProject | undefined;
  /** Bindings, quota and limits with the label of a project. */
  readonly tenancyOf: (project: string) => readonly ObservedTenancy[];
  readonly namespace: (name: string) => ObservedNamespace | undefined;
  readonly networkConfig: (name: string) => ObservedNetworkConfig | undefined;
  /** By `ClusterNetworkPolicy/NAME`, or `KIND.projectcalico.org/` and what Calico's policy is called. */
  readonly servedPolicy: (key: string) => ObservedClusterPolicy | undefined;
  /** What decides whether such a policy is in force, besides itself. */
  readonly policySurroundings: ServedPolicies["surroundings"];
  /** How far nodes are with the policies of experiments. */
  readonly enforcement: Pick<EnforcementIndex, "ask" | "forget">;
  readonly bandwidth: BandwidthWatches;
  /** What a node's agent reports of its network card; null for no card that tells. */
  readonly linkSpeed: (node: string) => Mbps | null;
  /** Resolves when every copy is complete. */
  readonly synced: Promise<void>;
};

type Labelled = { readonly namespace: string; readonly experiment: string };

/** Objects that carry a label, and which work each means. */
type Membership<T> = {
  readonly ref: KindRef;
  readonly project: (object: KubeObject) => T;
  readonly label: string;
  readonly groupOf: (value: T) => string;
  readonly workOf: (group: string) => string;
};

const ofExperiment = {
  label: EXPERIMENT_LABEL,
  groupOf: ({ namespace, experiment }: Labelled) => `${namespace}/${experiment}`,
  workOf: (group: string) => `Experiment/${group}`,
};
const ofProject = {
  label: PROJECT_LABEL,
  groupOf: ({ project }: ObservedTenancy) => project,
  workOf: (group: string) => `Project/${group}`,
};
type View<T> = {
  readonly ref: KindRef;
  readonly project: (object: KubeObject) => T;
  readonly workOf: (value: T) => string;
};
type Members<T> = {
  readonly reflector: Reflector<T>;
  readonly membersOf: (key: string) => readonly T[];
};

const own = (kind: string): KindRef => ({ apiVersion: API_VERSION, kind });
const core = (kind: string): KindRef => ({ apiVersion: "v1", kind });

/** Starts the copies. */
export function startWatches(options: WatchOptions): Watches {
  const experiments = watchExperiments(options);
  const { projects, networkConfigs, namespaces } = watchWholeKinds(options);
  const enforcement = createEnforcementIndex();
  const reports = watchReports(options, enforcement);
  const parts = PART_KINDS.map((ref) => watchParts(options, ref, enforcement));
  const pods = watchMembers(options, {
    ref: core("Pod"),
    project: observePod,
    ...ofExperiment,
  });
  const tenancies = TENANCY_KINDS.map((ref) =>
    watchMembers(options, { ref, project: observeTenancy, ...ofProject }),
  );
  const policies = watchServedPolicies(options);
  const bandwidth = watchBandwidth({
    ...options,
    settings: options.bandwidth,
    onReservation: (key) => {
      const pod = pods.reflector.get(key);
      if (pod !== undefined) options.onWork(ofExperiment.workOf(ofExperiment.groupOf(pod)));
    },
  });
  const members = [experiments, pods, ...parts, ...tenancies].map(reflectorOf);
  const others = [...policies.all, ...bandwidth.copies, reports];
  const all = [projects, networkConfigs, namespaces, ...others, ...members];
  return {
    experiment: experiments.reflector.get,
    experimentsIn: experiments.membersOf,
    childrenOf: (key) =>
      parts.flatMap((each) => each.membersOf(key)).flatMap(({ child }) => child ?? []),
    markAt: (ref) => parts.find(({ kind }) => kind === ref.kind)?.reflector.get(keyOf(ref))?.mark,
    podsOf: pods.membersOf,
    project: projects.get,
    tenancyOf: (name) => tenancies.flatMap((each) => each.membersOf(name)),
    namespace: namespaces.get,
    networkConfig: networkConfigs.get,
    servedPolicy: policies.get,
    policySurroundings: policies.surroundings,
    enforcement,
    bandwidth,
    linkSpeed: (node) =>
      reports.get(`${options.namespace}/${policyReportName(node)}`)?.linkSpeed ?? null,
    synced: Promise.all(all.map((copy) => copy.synced)).then(() => undefined),
    [Symbol.asyncDispose]: async () => {
      await Promise.all(all.map(async (copy) => copy[Symbol.asyncDispose]()));
    },
  };
}

/** What is looked up by its name only. */
function watchWholeKinds(options: WatchOptions): {
  readonly projects: Reflector<ObservedProject>;
  readonly networkConfigs: Reflector<ObservedNetworkConfig>;
  readonly namespaces: Reflector<ObservedNamespace>;
} {
  return {
    projects: watchAll(options, {
      ref: own("Project"),
      project: observeProject,
      workOf: ({ identity }) => `Project/${identity.name}`,
    }),
    networkConfigs: watchAll(options, {
      ref: own("NetworkConfig"),
      project: observeNetworkConfig,
      workOf: ({ identity }) => `NetworkConfig/${identity.name}`,
    }),
    namespaces: watchAll(options, {
      ref: core("Namespace"),
      project: observeNamespace,
      workOf: ({ name }) => `Project/${name}`,
    }),
  };
}

/** Experiments by their namespace; a change makes work for the project too, which counts them. */
function watchExperiments(options: WatchOptions): Members<ObservedExperiment> {
  const index = createGroupIndex<ObservedExperiment>(({ identity }) => identity.namespace ?? "");
  const ref = own("Experiment");
  const generations = new Map<string, number>();
  const reflector = startReflector<ObservedExperiment>({
    client: options.client,
    ref,
    project: observeExperiment,
    onChange: (change) => {
      const { kind, key, value } = change;
      const namespaces = index.accept(change);
      // The status, which the controller itself writes, is no new generation.
      const isNew = generations.get(key) !== value.identity.generation;
      if (kind === "set") generations.set(key, value.identity.generation);
      else generations.delete(key);
      options.onWork(`Experiment/${key}`, isNew ? "urgent" : undefined);
      for (const namespace of namespaces) options.onWork(`Project/${namespace}`);
    },
    onError: (error) => options.onError(ref.kind, error),
  });
  return { reflector, membersOf: index.membersOf };
}

/** An object of a kind that experiments are made of; of one that carries no experiment's label only whose it is. */
type Part = { readonly mark: Mark; readonly child: ObservedChild | null };

const partOf = (object: KubeObject): Part => {
  const mark = markOf(object);
  return { mark, child: mark.experiment === null ? null : observeChild(object) };
};

/** All objects of a kind, as each may stand where an experiment wants its own. */
function watchParts(
  options: WatchOptions,
  ref: KindRef,
  { noteRemoved }: EnforcementIndex,
): Members<Part> & { readonly kind: string } {
  const index = createGroupIndex<Part>(({ child }) =>
    child === null ? "" : ofExperiment.groupOf(child),
  );
  const reflector = startReflector<Part>({
    client: options.client,
    ref,
    project: partOf,
    onChange: (change) => {
      const isRemoval = ref.kind === "NetworkPolicy" && change.kind === "deleted";
      for (const group of index.accept(change).filter((each) => each !== "")) {
        if (isRemoval && change.version !== null) noteRemoved(group, change.version);
        options.onWork(ofExperiment.workOf(group));
      }
    },
    onError: (error) => options.onError(ref.kind, error),
  });
  return { kind: ref.kind, reflector, membersOf: index.membersOf };
}

/** What agents report of policies. */
function watchReports(
  options: WatchOptions,
  { accept }: EnforcementIndex,
): Reflector<PolicyReport> {
  const speeds = new Map<string, Mbps | null>();
  return startReflector<PolicyReport>({
    client: options.client,
    ref: { ...REPORT_KIND, namespace: options.namespace },
    selector: { labelSelector: `app.kubernetes.io/name=${AGENT_NAME}` },
    project: observePolicyReport,
    onChange: (change) => {
      const { node, linkSpeed } = change.value;
      if (speeds.get(node) !== linkSpeed) options.onWork(`Bandwidth/${node}`);
      if (change.kind === "set") speeds.set(node, linkSpeed);
      else speeds.delete(node);
      for (const key of accept(change)) options.onWork(ofExperiment.workOf(key));
    },
    onError: (error) => options.onError(REPORT_KIND.kind, error),
  });
}

const keyOf = ({ namespace, name }: ObjectRef): string =>
  namespace === undefined ? name : `${namespace}/${name}`;

type Copy = Pick<Reflector<unknown>, "synced" | typeof Symbol.asyncDispose>;
const reflectorOf = (members: { readonly reflector: Copy }): Copy => members.reflector;

/** Every object of a kind. */
const watchAll = <T>(options: WatchOptions, view: View<T>): Reflector<T> =>
  startReflector<T>({
    client: options.client,
    ref: view.ref,
    project: view.project,
    onChange: ({ value }) => options.onWork(view.workOf(value)),
    onError: (error) => options.onError(view.ref.kind, error),
  });

/** The objects of a kind that carry a label, by what it says. */
function watchMembers<T>(options: WatchOptions, members: Membership<T>): Members<T> {
  const { ref, project, label, groupOf, workOf } = members;
  const index = createGroupIndex<T>(groupOf);
  const reflector = startReflector<T>({
    client: options.client,
    ref,
    selector: { labelSelector: label },
    project,
    onChange: (change) => {
      for (const group of index.accept(change)) options.onWork(workOf(group));
    },
    onError: (error) => options.onError(ref.kind, error),
  });
  return { reflector, membersOf: index.membersOf };
}
