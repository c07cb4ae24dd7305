/** One pass over one object: read the whole of it, plan, write. A pass needs no memory of passes before it. */
import { ok, type Millis, type Result } from "@seam/base";
import {
  bandwidthUsage,
  type Changes,
  driftNews,
  facetsOf,
  type Finding,
  hasNamespace,
  type Identity,
  isLive,
  judgeClusterPolicy,
  judgeExperiment,
  judgeFacet,
  judgeNetworkConfig,
  judgeProject,
  newsOf,
  type Observed,
  type ObservedExperiment,
  type ObservedProject,
  type ObservedTenancy,
  planChildren,
  planFacet,
  planNamespace,
  type Problem,
  reservationsOf,
  progressOf,
  type Scene,
  usageOf,
  type Verdict,
} from "@seam/compose";
import type { EventRecorder, KubeError, ObjectRef } from "@seam/kube";
import {
  reconcileBandwidth,
  reconcilePodRates,
  type BandwidthWorld,
} from "./bandwidth-reconcile.ts";
import type { Refusals } from "./refusals.ts";
import type { Watches } from "./watches.ts";
import { applyObject, askMark, writeChildren, writeStatus, type Writer } from "./writing.ts";

/** What a pass reads and where it writes. */
export type World = {
  readonly client: BandwidthWorld["client"];
  readonly meter: BandwidthWorld["meter"];
  readonly report: EventRecorder["report"];
  readonly watches: Omit<Watches, "synced" | typeof Symbol.asyncDispose>;
  readonly refusals: Refusals;
};

/** Kinds of policies that a cluster may have or not. */
const SERVED = /^ClusterNetworkPolicy$|\.projectcalico\.org$/;

/** Works on `Experiment/NAMESPACE/NAME`, `Project/NAME`, `NetworkConfig/NAME`, `Bandwidth/NODE`, `PodRates/NAMESPACE/NAME`, `ClusterNetworkPolicy/NAME` or `KIND.projectcalico.org/NAME`; the answer is the wait until the next look, or null. */
export async function reconcile(
  world: World,
  key: string,
): Promise<Result<Millis | null, KubeError>> {
  const slash = key.indexOf("/");
  const name = key.slice(slash + 1);
  const kind = key.slice(0, slash);
  if (kind === "Bandwidth") return reconcileBandwidth(world, name);
  if (kind === "PodRates") return reconcilePodRates(world, name);
  if (kind === "Project") return reconcileProject(world, name);
  if (SERVED.test(kind)) return reconcilePolicy(world, key);
  return kind === "NetworkConfig"
    ? reconcileNetworkConfig(world, name)
    : reconcileExperiment(world, name);
}

async function reconcileExperiment(
  world: World,
  key: string,
): Promise<Result<Millis | null, KubeError>> {
  const experiment = world.watches.experiment(key);
  // What a removed experiment owned is removed by the garbage collector.
  if (experiment === undefined || experiment.identity.isDeleted) {
    world.watches.enforcement.forget(key);
    return ok(null);
  }
  // A namespace that is being removed takes in nothing new, and takes the experiment with it.
  const namespace = world.watches.namespace(experiment.identity.namespace ?? "");
  if (namespace?.isTerminating === true) return ok(null);
  const seen = {
    experiment,
    children: world.watches.childrenOf(key),
    pods: world.watches.podsOf(key),
    now: Date.now(),
  };
  const refusals = await world.refusals.ask(progressOf(seen), seen.now);
  if (!refusals.ok) return refusals;
  const scene: Scene = {
    ...seen,
    virtualMachines: await virtualMachines(world.client, experiment),
    refusals: refusals.value,
    enforcement: world.watches.enforcement.ask(key, seen),
    reservations: reservationsOf(seen.pods, world.watches.bandwidth.object),
  };
  const problems = await writeChanges(world, experiment.identity, planChildren(scene));
  if (!problems.ok) return problems;
  return tell(world, experiment, judgeExperiment(scene, problems.value));
}

async function reconcileProject(
  world: World,
  name: string,
): Promise<Result<Millis | null, KubeError>> {
  const project = world.watches.project(name);
  if (project === undefined || project.identity.isDeleted) return ok(null);
  const namespace = world.watches.namespace(name) ?? null;
  const wanted = planNamespace(project, namespace);
  const applied = wanted === null ? ok(null) : await applyObject(world.client, wanted);
  if (!applied.ok) return applied;
  const problems: readonly Problem[] = applied.value === null ? [] : [applied.value];
  const existing = world.watches.tenancyOf(name);
  const tenancy = hasNamespace(project, namespace)
    ? await writeTenancy(world, project, existing)
    : ok([]);
  if (!tenancy.ok) return tenancy;
  const now = Date.now();
  const scene = {
    namespace,
    problems,
    tenancy: tenancy.value,
    usage: [
      ...usageOf(project, existing),
      ...bandwidthUsage(project, world.watches.bandwidth.reservedIn(name)),
    ],
    admission: world.watches.admission(),
    experiments: world.watches.experimentsIn(name).filter((each) => isLive(each, now)).length,
    now,
  };
  return tell(world, project, judgeProject(project, scene));
}

/** Makes what is wanted in the project's namespace; what was found about it. */
async function writeTenancy(
  world: World,
  { identity, spec }: ObservedProject,
  existing: readonly ObservedTenancy[],
): Promise<Result<readonly Finding[], KubeError>> {
  const findings: Finding[] = [];
  for (const facet of spec.ok ? facetsOf(identity, spec.value) : []) {
    const written = await writeChanges(world, identity, planFacet(facet, identity, existing));
    if (!written.ok) return written;
    findings.push(...judgeFacet(facet, written.value));
  }
  return ok(findings);
}

/** Writes children of `owner`, and tells which of them something else had changed. */
async function writeChanges(
  { client, report, watches }: World,
  owner: Identity,
  changes: Changes,
): ReturnType<typeof writeChildren> {
  const markAt =
    owner.kind === "Experiment"
      ? async (ref: ObjectRef) => ok(watches.markAt(ref) ?? null)
      : askMark(client);
  const written = await writeChildren({ client, markAt }, owner, changes);
  if (written.ok && written.value.length === 0)
    for (const ref of changes.drifted) report(owner, driftNews(owner, ref));
  return written;
}

async function reconcileNetworkConfig(
  world: World,
  name: string,
): Promise<Result<Millis | null, KubeError>> {
  const config = world.watches.networkConfig(name);
  if (config === undefined || config.identity.isDeleted) return ok(null);
  return tell(world, config, judgeNetworkConfig(config, Date.now()));
}

async function reconcilePolicy(
  world: World,
  key: string,
): Promise<Result<Millis | null, KubeError>> {
  const policy = world.watches.servedPolicy(key);
  if (policy === undefined || policy.identity.isDeleted) return ok(null);
  return tell(
    world,
    policy,
    judgeClusterPolicy(policy, { ...world.watches.policySurroundings(), now: Date.now() }),
  );
}

/** Writes the status and, when that is news, the events about it. */
async function tell(
  world: World,
  about: Pick<Observed<unknown>, "identity" | "status">,
  verdict: Verdict,
): Promise<Result<Millis | null, KubeError>> {
  const written = await writeStatus(world.client, about, verdict.status);
  if (!written.ok) return written;
  if (written.value) for (const item of verdict.news) world.report(about.identity, newsOf(item));
  return ok(verdict.wake);
}

/** Asks the server only when the experiment wants a machine. */
async function virtualMachines(
  client: Writer,
  { spec }: ObservedExperiment,
): Promise<Scene["virtualMachines"]> {
  const asks = spec.ok && spec.value.workloads.some(({ kind }) => kind === "VirtualMachine");
  if (!asks) return "absent";
  const found = await client.list(
    { apiVersion: "kubevirt.io/v1", kind: "VirtualMachine" },
    { limit: 1 },
  );
  // A refusal for lack of rights says that the kind is served.
  return found.ok || found.error.code === 403 ? "unsupported" : "absent";
}
