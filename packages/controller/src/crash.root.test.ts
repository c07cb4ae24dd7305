/**
 * Crash safety (issue 5): the same list of applies and deletes twice, in one project with a controller that lives, in another with one
 * that is killed after a random time again and again. Everything that exists in the two at the end is the same, nothing has lost
 * its owner, and nothing is there twice. `SEAM_KILLS` (12) says how many kills; `npm run soak` takes 200. `SEAM_SEED` repeats a run.
 */
import type { ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { createSeam, type Seam } from "@seam/client";
import type { Experiment } from "@seam/api";
import { startControlPlane, type ControlPlane } from "@seam/kube/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { signInAsController, startController, stop } from "./controller.fixture.ts";
import { eventually, kubectl, startNodes, type Nodes } from "./nodes.fixture.ts";

const KILLS = Number(process.env["SEAM_KILLS"] ?? 12);
const SEED = Number(process.env["SEAM_SEED"] ?? Date.now() % 1_000_000);
const API = "seam.ucsd.edu/v1alpha1";

let plane: ControlPlane;
let seam: Seam;
let nodes: Nodes;
let limited: string;
let controller: ChildProcess;

const k = async (...argv: string[]): Promise<string> => kubectl(plane.kubeconfig, ...argv);

/** A generator of numbers from 0 to 1, the same for the same seed (Lehmer). */
function randomNumbers(seed: number): () => number {
  let state = (seed % 2_147_483_646) + 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

type Operation =
  | { readonly kind: "apply"; readonly name: string; readonly spec: Experiment["spec"] }
  | { readonly kind: "delete"; readonly name: string };

/** What is done, in order; experiments come again under their names. */
function operationsFrom(seed: number): readonly Operation[] {
  const random = randomNumbers(seed);
  const below = (count: number): number => Math.floor(random() * count);
  return Array.from({ length: KILLS }, (): Operation => {
    const name = `e${below(6)}`;
    return below(4) === 0
      ? { kind: "delete", name }
      : { kind: "apply", name, spec: specFrom(below, name) };
  });
}

/** Workloads have the experiment in their names, so that two experiments never want one object. */
function specFrom(below: (count: number) => number, experiment: string): Experiment["spec"] {
  const names = ["a", "b", "c"].slice(0, 1 + below(3)).map((letter) => `${experiment}-${letter}`);
  const [first = "", second] = names;
  return {
    workloads: names.map((name, at) => ({
      name,
      image: `image-${below(2)}`,
      replicas: below(3),
      ...(at > 0 && below(2) === 0 ? { after: [first] } : {}),
      ...(below(2) === 0 ? { ports: [{ name: "p", port: 80 + below(2) }] } : {}),
    })),
    ...(second !== undefined && below(2) === 0 ? { policies: [{ from: first, to: second }] } : {}),
    ...(below(5) === 0 ? { suspend: true } : {}),
  };
}

async function carryOut(namespace: string, operation: Operation): Promise<void> {
  const { name } = operation;
  if (operation.kind === "delete") {
    const gone = await seam.experiments.delete({ namespace, name });
    if (!gone.ok && gone.error.code !== "NotFound") throw new Error(gone.error.message);
    return;
  }
  const metadata = { namespace, name };
  const object: Experiment = {
    apiVersion: API,
    kind: "Experiment",
    metadata,
    spec: operation.spec,
  };
  const applied = await seam.experiments.apply(object, { force: true });
  if (!applied.ok) throw new Error(applied.error.message);
}

const start = (): ChildProcess =>
  startController(["--port=0", `--kubeconfig=${limited}`], () => undefined);

/** The names that exist after all operations. */
const survivors = (operations: readonly Operation[]): readonly string[] => {
  const last = new Map(operations.map(({ name, kind }) => [name, kind]));
  return [...last].filter(([, kind]) => kind === "apply").map(([name]) => name);
};

/** Waits until what is asked for is so: each experiment judged as it is written now, and none more. */
async function settled(namespace: string, operations: readonly Operation[]): Promise<void> {
  const fields = `{.metadata.name} {.metadata.generation} {.status.conditions[?(@.type=="WorkloadsReady")].observedGeneration} {.status.phase}`;
  await eventually(async () => {
    const text = await k(
      "-n",
      namespace,
      "get",
      "exp",
      "-o",
      `jsonpath={range .items[*]}${fields}{"\\n"}{end}`,
    );
    const rows = text
      .split("\n")
      .filter(Boolean)
      .map((row) => row.split(" "));
    expect(rows.map(([name = ""]) => name).join(" ")).toBe(
      survivors(operations).toSorted().join(" "),
    );
    for (const [, wanted, seen, phase] of rows) {
      expect(seen).toBe(wanted);
      expect(["Ready", "Suspended"]).toContain(phase);
    }
  });
}

type Item = {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly labels?: object;
    readonly ownerReferences?: readonly {
      readonly kind: string;
      readonly name: string;
      readonly uid: string;
    }[];
  };
  readonly spec?: object;
};

/** Every object of a namespace, of every kind there is but news and the history of StatefulSets, which tell of the way. */
async function everything(namespace: string): Promise<readonly Item[]> {
  const kinds = await k("api-resources", "--verbs=list", "--namespaced", "-o", "name");
  const told = /^(events|controllerrevisions|leases)(\.|$)/;
  const asked = kinds.split("\n").filter((kind) => kind !== "" && !told.test(kind));
  const found = await k("-n", namespace, "get", [...new Set(asked)].join(","), "-o", "json");
  const { items } = JSON.parse(found);
  return items;
}

/** An object without what differs from run to run: identifiers, times, the chosen node, revisions, digests. */
function faceOf({ kind, metadata, spec }: Item, namespace: string): string {
  const owners = (metadata.ownerReferences ?? []).map((each) => `${each.kind}/${each.name}`);
  const labels = Object.entries(metadata.labels ?? {}).filter(([key]) => !key.includes("hash"));
  // A pod's specification is that of its StatefulSet, and the node.
  const content = kind === "Pod" ? {} : spec;
  const face = JSON.stringify([kind, metadata.name, labels, owners, content]);
  return face
    .replaceAll(`"${namespace}"`, '"NAMESPACE"')
    .replaceAll(`/${namespace}"`, '/NAMESPACE"');
}

const facesOf = (items: readonly Item[], namespace: string): readonly string[] =>
  items.map((item) => faceOf(item, namespace)).toSorted();

beforeAll(async () => {
  plane = await startControlPlane();
  const opened = createSeam({ kubeconfig: plane.kubeconfig });
  if (!opened.ok) throw new Error(opened.error.message);
  seam = opened.value;
  limited = await signInAsController(plane.kubeconfig);
  await plane.startControllers([
    "statefulset-controller",
    "garbage-collector-controller",
    "namespace-controller",
  ]);
  nodes = await startNodes(seam.kube, plane.kubeconfig);
  controller = start();
  for (const name of ["calm", "killed"]) {
    await seam.projects.apply({
      apiVersion: API,
      kind: "Project",
      metadata: { name },
      spec: { quota: { pods: 90 } },
    });
    await k("wait", "--for=jsonpath={.status.phase}=Ready", "project", name, "--timeout=90s");
  }
});

afterAll(async () => {
  await stop(controller, "SIGKILL");
  await nodes[Symbol.asyncDispose]();
  seam[Symbol.dispose]();
  await plane[Symbol.asyncDispose]();
});

test(
  `${KILLS} kills at random times change nothing of what exists in the end (seed ${SEED})`,
  { timeout: 60_000 + KILLS * 5000 },
  async () => {
    const operations = operationsFrom(SEED);
    for (const operation of operations) await carryOut("calm", operation);
    await settled("calm", operations);
    const random = randomNumbers(SEED + 1);
    for (const operation of operations) {
      // It takes about 600 ms from the start of the process to its first write.
      await Promise.all([
        sleep(500 + random() * 1500),
        sleep(random() * 1500).then(async () => carryOut("killed", operation)),
      ]);
      await stop(controller, "SIGKILL");
      controller = start();
    }
    await settled("killed", operations);
    const [calm, killed] = await eventually(async () => {
      const [one, other] = [await everything("calm"), await everything("killed")];
      expect(facesOf(other, "killed")).toEqual(facesOf(one, "calm"));
      return [one, other];
    });
    expect(killed.length).toBeGreaterThan(calm.length === 0 ? 0 : 1);
    const identifiers = new Set(killed.map(({ metadata }) => metadata.uid));
    const projects = await k("get", "projects", "-o", "jsonpath={.items[*].metadata.uid}");
    for (const uid of projects.split(" ")) identifiers.add(uid);
    const orphans = killed.filter(({ metadata }) =>
      (metadata.ownerReferences ?? []).some(({ uid }) => !identifiers.has(uid)),
    );
    expect(orphans).toEqual([]);
    const names = killed.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
    expect(names).toEqual([...new Set(names)]);
  },
);
