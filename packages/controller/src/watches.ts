/** The local copies that reconciling reads, and the keys that each change makes work for. */
import { API_VERSION } from "@seam/api";
import {
  startReflector,
  type KindRef,
  type KubeClient,
  type KubeError,
  type KubeObject,
  type Reflector,
} from "@seam/kube";
import { createGroupIndex } from "./group-index.ts";
import { EXPERIMENT_LABEL, PROJECT_LABEL } from "./names.ts";
import {
  observeChild,
  observeExperiment,
  observeNamespace,
  observeNetworkConfig,
  observePod,
  observeProject,
  observeTenancy,
  type ObservedChild,
  type ObservedExperiment,
  type ObservedNamespace,
  type ObservedNetworkConfig,
  type ObservedPod,
  type ObservedProject,
  type ObservedTenancy,
} from "./observed.ts";

/** What is told while the copies run. */
export type WatchOptions = {
  readonly client: Pick<KubeClient, "list" | "watch">;
  /** Called with `Experiment/NAMESPACE/NAME`, `Project/NAME` or `NetworkConfig/NAME`. */
  readonly onWork: (key: string) => void;
  readonly onError: (kind: string, error: KubeError) => void;
};

/** The copies. */
export type Watches = AsyncDisposable & {
  /** An experiment by NAMESPACE/NAME. */
  readonly experiment: (key: string) => ObservedExperiment | undefined;
  /** StatefulSets and Services with the label of the experiment NAMESPACE/NAME. */
  readonly childrenOf: (key: string) => readonly ObservedChild[];
  /** Pods with the label of the experiment NAMESPACE/NAME. */
  readonly podsOf: (key: string) => readonly ObservedPod[];
  readonly project: (name: string) => ObservedProject | undefined;
  /** Bindings, quota and limits with the label of a project. */
  readonly tenancyOf: (project: string) => readonly ObservedTenancy[];
  readonly namespace: (name: string) => ObservedNamespace | undefined;
  readonly networkConfig: (name: string) => ObservedNetworkConfig | undefined;
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

const rbac = (kind: string): KindRef => ({ apiVersion: "rbac.authorization.k8s.io/v1", kind });
const tenancyKinds = [
  rbac("RoleBinding"),
  rbac("ClusterRole"),
  rbac("ClusterRoleBinding"),
  core("ResourceQuota"),
  core("LimitRange"),
];

/** Starts the copies. */
export function startWatches(options: WatchOptions): Watches {
  const experiments = watchAll(options, {
    ref: own("Experiment"),
    project: observeExperiment,
    workOf: ({ identity }) => `Experiment/${identity.namespace ?? ""}/${identity.name}`,
  });
  const projects = watchAll(options, {
    ref: own("Project"),
    project: observeProject,
    workOf: ({ identity }) => `Project/${identity.name}`,
  });
  const networkConfigs = watchAll(options, {
    ref: own("NetworkConfig"),
    project: observeNetworkConfig,
    workOf: ({ identity }) => `NetworkConfig/${identity.name}`,
  });
  const namespaces = watchAll(options, {
    ref: core("Namespace"),
    project: observeNamespace,
    workOf: ({ name }) => `Project/${name}`,
  });
  const members = <T extends Labelled>(
    ref: KindRef,
    project: (object: KubeObject) => T,
  ): Members<T> => watchMembers(options, { ref, project, ...ofExperiment });
  const sets = members({ apiVersion: "apps/v1", kind: "StatefulSet" }, observeChild);
  const services = members(core("Service"), observeChild);
  const pods = members(core("Pod"), observePod);
  const tenancies = tenancyKinds.map((ref) =>
    watchMembers(options, { ref, project: observeTenancy, ...ofProject }),
  );
  const whole = [experiments, projects, networkConfigs, namespaces];
  const all = [...whole, ...[sets, services, pods, ...tenancies].map(reflectorOf)];
  return {
    experiment: experiments.get,
    childrenOf: (key) => [...sets.membersOf(key), ...services.membersOf(key)],
    podsOf: pods.membersOf,
    project: projects.get,
    tenancyOf: (name) => tenancies.flatMap((each) => each.membersOf(name)),
    namespace: namespaces.get,
    networkConfig: networkConfigs.get,
    synced: Promise.all(all.map((copy) => copy.synced)).then(() => undefined),
    [Symbol.asyncDispose]: async () => {
      await Promise.all(all.map(async (copy) => copy[Symbol.asyncDispose]()));
    },
  };
}

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
