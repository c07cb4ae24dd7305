/** What is read after a change, against a reader of a list of objects in pages of two. */
import { ok } from "@seam/base";
import { type KubeObject, refOf } from "@seam/kube";
import { expect, test } from "vitest";

import { type KubeReader, listObjects } from "./list.ts";
import { type PlannedObject, plannedObject } from "./planned-object.ts";
import { readerAfter } from "./reader-after.ts";

const GROUP = "policy.networking.k8s.io";
const object = (name: string, order: number, version = "v1alpha2"): KubeObject => ({
  apiVersion: `${GROUP}/${version}`,
  kind: "ClusterNetworkPolicy",
  metadata: { name },
  spec: { order },
});
const policy = (name: string, namespace: string, group = "networking.k8s.io/v1"): KubeObject => ({
  apiVersion: group,
  kind: "NetworkPolicy",
  metadata: { name, namespace },
  spec: {},
});

const existing = [
  object("a", 1),
  object("b", 2),
  object("c", 3),
  policy("near", "lab-a"),
  policy("far", "lab-b"),
];

const PAGE = 2;
const missing = {
  ok: false,
  error: { kind: "api", code: 404, reason: "NotFound", message: "none" },
} as const;
const reader: KubeReader = {
  get: async ({ kind, name }) => {
    const found = existing.find((each) => each.kind === kind && each.metadata.name === name);
    return found === undefined ? missing : ok(found);
  },
  list: async ({ kind, namespace }, query) => {
    const all = existing.filter(
      (each) =>
        each.kind === kind && (namespace === undefined || each.metadata.namespace === namespace),
    );
    const start = Number(query?.continue ?? 0);
    const next = start + PAGE < all.length ? `${start + PAGE}` : null;
    return ok({ items: all.slice(start, start + PAGE), resourceVersion: "1", next });
  },
};

const made = (after: KubeObject): PlannedObject => plannedObject({ before: null, after }, null);
const gone = (before: KubeObject): PlannedObject => ({ ...made(before), after: null });

async function list(planned: readonly PlannedObject[], ref: KubeObject): Promise<unknown> {
  const { apiVersion, kind } = refOf(ref);
  const { namespace } = ref.metadata;
  const place = namespace === undefined ? {} : { namespace };
  const listed = await listObjects(readerAfter(reader, planned), { apiVersion, kind, ...place });
  if (!listed.ok) throw new Error(listed.error.message);
  return listed.value.map(({ metadata, spec }) => [metadata.name, spec]);
}

test("what changes stands in place of what is, whatever version it is written in, and what goes is gone (S23)", async () => {
  const planned = [made(object("b", 9, "v1beta1")), made(object("d", 4)), gone(object("c", 3))];
  expect(await list(planned, object("", 0))).toEqual([
    ["a", { order: 1 }],
    ["b", { order: 9 }],
    ["d", { order: 4 }],
  ]);
});

test("lists of a namespace and of a kind have what is theirs alone", async () => {
  const planned = [
    made(policy("more", "lab-a")),
    made(policy("near", "lab-b")),
    made(policy("near", "lab-a", "projectcalico.org/v3")),
  ];
  expect(await list(planned, policy("", "lab-a"))).toEqual([
    ["near", {}],
    ["more", {}],
  ]);
});

test("single objects are those after the change", async () => {
  const after = readerAfter(reader, [made(object("b", 9)), made(object("d", 4))]);
  const read = async (name: string) => after.get({ ...refOf(object(name, 0)), name });
  expect(await Promise.all(["a", "b", "d"].map(read))).toEqual(
    [object("a", 1), object("b", 9), object("d", 4)].map((each) => ok(each)),
  );
});
