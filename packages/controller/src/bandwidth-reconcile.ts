/** One pass over a node's `Bandwidth` (V2, V4, V12, V15, V16): the object is made, completed, accounted, or removed with its node. */
import { isDeepStrictEqual } from "node:util";
import { BANDWIDTH_KIND } from "@seam/api";
import { type Mbps, ok, type Millis, type Result } from "@seam/base";
import {
  APPLIER,
  type BandwidthScene,
  bandwidthNews,
  type BandwidthVerdict,
  capacityOf,
  countedCapacity,
  type HeldBandwidth,
  judgeHeld,
  judgeOther,
  newBandwidth,
  observeBandwidth,
  type ObservedBandwidth,
  type ObservedNode,
  patchOf,
  type OtherStanding,
  releasePatchOf,
  standingOf,
} from "@seam/compose";
import {
  type EventRecorder,
  isConflict,
  isNotFound,
  type Json,
  type KubeClient,
  type KubeError,
  type ObjectRef,
} from "@seam/kube";
import type { BandwidthWatches } from "./bandwidth-watches.ts";
import type { Meter } from "./meter.ts";
import { writeStatusOf, type Writer } from "./writing.ts";

/** What a pass reads and where it writes. */
export type BandwidthWorld = {
  readonly client: Writer & Pick<KubeClient, "create" | "patch" | "replaceStatus">;
  readonly report: EventRecorder["report"];
  readonly meter: Pick<Meter, "setBandwidth">;
  readonly watches: {
    readonly bandwidth: BandwidthWatches;
    readonly linkSpeed: (node: string) => Mbps | null;
  };
};

type Wait = Promise<Result<Millis | null, KubeError>>;

/** Works on the node and the `Bandwidth` of a name. */
export async function reconcileBandwidth(world: BandwidthWorld, name: string): Wait {
  const { bandwidth: copies, linkSpeed } = world.watches;
  const scene: BandwidthScene = {
    name,
    node: copies.node(name) ?? null,
    bandwidth: copies.object(name) ?? null,
    linkSpeed: linkSpeed(name),
    defaults: copies.settings.defaults,
  };
  const standing = standingOf(scene);
  if (scene.node === null) copies.forget(name);
  if (standing.kind !== "held") world.meter.setBandwidth(name, null);
  switch (standing.kind) {
    case "absent":
      return ok(null);
    case "missing":
      return create(world, standing.node, scene);
    case "held":
      return keep(world, standing, scene);
    case "orphaned":
      return remove(world, standing);
    case "leaving":
      return letGo(world, standing);
    case "waiting":
    case "misnamed":
      return tell(world, standing.bandwidth, judgeOther(standing));
  }
}

/** Writes the conditions of the pod NAMESPACE/NAME about its rates, when they say something new (U3). */
export async function reconcilePodRates(
  { client, watches }: Pick<BandwidthWorld, "client" | "watches">,
  key: string,
): Wait {
  const status = watches.bandwidth.rates.statusOf(key, Date.now());
  if (status === null) return ok(null);
  const written = await client.applyStatus(status, APPLIER);
  // The pod went, or is another one: that is news of its own.
  const isOver = !written.ok && (isNotFound(written.error) || isConflict(written.error));
  return written.ok || isOver ? ok(null) : written;
}

/** The object and, at once, its status: nobody shall read that nothing is left of a node that is empty. */
async function create(world: BandwidthWorld, node: ObservedNode, scene: BandwidthScene): Wait {
  const capacity = capacityOf(node, scene);
  const account = world.watches.bandwidth.book.account(node.name, { capacity, place: node.place });
  const object = newBandwidth(node, scene, account?.reservations ?? []);
  const made = await world.client.create(object);
  if (!made.ok) return isConflict(made.error) ? ok(null) : made;
  const bandwidth = observeBandwidth(made.value);
  world.report(bandwidth.identity, bandwidthNews("creating", node.name));
  return writeAccount(world, { kind: "held", node, bandwidth }, scene);
}

/** Makes the object whole, without requests of pods that are gone, and writes its account. */
async function keep(world: BandwidthWorld, held: HeldBandwidth, scene: BandwidthScene): Wait {
  const stale = world.watches.bandwidth.book.staleOn(scene.name);
  const patch = patchOf(held, scene, stale.uids);
  const whole = patch === null ? ok(held) : await complete(world, held, patch);
  if (!whole.ok) return whole;
  if (whole.value === null) return ok(null);
  const written = await writeAccount(world, whole.value, scene);
  return written.ok ? ok(stale.next) : written;
}

/** Null when somebody else was first: what they wrote is on its way, and is work then. */
async function complete(
  { client }: BandwidthWorld,
  held: HeldBandwidth,
  patch: Json,
): Promise<Result<HeldBandwidth | null, KubeError>> {
  const written = await client.patch(refOf(held), { kind: "merge", value: patch });
  if (written.ok) return ok({ ...held, bandwidth: observeBandwidth(written.value) });
  return isConflict(written.error) || isNotFound(written.error) ? ok(null) : written;
}

async function writeAccount(
  world: BandwidthWorld,
  held: HeldBandwidth,
  scene: BandwidthScene,
): Wait {
  const { name } = scene;
  const capacity = countedCapacity(held, scene);
  const account = world.watches.bandwidth.book.account(name, { capacity, place: held.node.place });
  world.meter.setBandwidth(name, account);
  if (account === null) return ok(null);
  const measured = world.watches.bandwidth.rates.measured(name);
  return tell(world, held.bandwidth, judgeHeld(held, account, measured));
}

/** Its node is gone: the garbage collector would take it too, where there is one. */
async function remove(world: BandwidthWorld, standing: OtherStanding): Wait {
  const told = await tell(world, standing.bandwidth, judgeOther(standing));
  if (!told.ok) return told;
  const gone = await world.client.delete(refOf(standing));
  return gone.ok || isNotFound(gone.error) ? ok(null) : gone;
}

/** Something holds an object that is deleted; what vaclab's own operator left to hold it is taken away. */
async function letGo(world: BandwidthWorld, standing: OtherStanding): Wait {
  const { bandwidth } = standing;
  const patch = releasePatchOf(bandwidth);
  if (patch === null) return tell(world, bandwidth, judgeOther(standing));
  const released = await world.client.patch(refOf(standing), { kind: "merge", value: patch });
  return released.ok || isConflict(released.error) || isNotFound(released.error)
    ? ok(null)
    : released;
}

/** Writes the status when it says something new, and tells the news in it. */
async function tell(
  { client, report }: BandwidthWorld,
  { identity, status: before }: ObservedBandwidth,
  { status, news }: BandwidthVerdict,
): Wait {
  const { updatedAt: _, ...old } = before;
  if (isDeepStrictEqual(old, status)) return ok(null);
  // As metav1.Time has it, in whole seconds.
  const updatedAt = `${new Date().toISOString().slice(0, 19)}Z`;
  const written = await writeStatusOf(identity, { ...status, updatedAt }, client.replaceStatus);
  if (!written.ok) return written;
  if (written.value) for (const item of news) report(identity, item);
  return ok(null);
}

const refOf = ({
  bandwidth,
}: {
  readonly bandwidth: Pick<ObservedBandwidth, "identity">;
}): ObjectRef => ({ ...BANDWIDTH_KIND, name: bandwidth.identity.name });
