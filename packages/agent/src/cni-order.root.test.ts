/**
 * Calls in any order, with the agent killed and its records kept, lost or broken in between: each call answers as a
 * simple model says, no address is ever given twice, and after DEL of everything nothing is left.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { formatAddress } from "@seam/base";
import { hostDeviceName } from "@seam/kernel";
import type { Json } from "@seam/kube";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";

import { adoptInterfaces } from "./adopt.ts";
import { call, useTestNode } from "./node.fixture.ts";
import { devices, environmentOf, onNode, withPods } from "./specification.fixture.ts";
import { openNodeStore } from "./store.ts";

const node = useTestNode();
const folder = mkdtempSync(path.join(tmpdir(), "seam-test-order-"));
const file = path.join(folder, "agent.db");
afterAll(() => rmSync(folder, { recursive: true }));

const ids = ["p1", "p2", "p3"] as const;
type Id = (typeof ids)[number];

/** What happens. `cut` is an agent that is killed after it wrote the record, or also made the pair, of an ADD. */
type Event =
  | { readonly kind: "ADD" | "DEL" | "CHECK"; readonly id: Id }
  | { readonly kind: "GC"; readonly valid: readonly Id[] }
  | { readonly kind: "restart"; readonly records: "kept" | "lost" | "broken" }
  | { readonly kind: "cut"; readonly id: Id; readonly after: "record" | "pair" };

const id = fc.constantFrom(...ids);
const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("ADD" as const), id }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("DEL", "CHECK"), id }) },
  fc.record({ kind: fc.constant("GC" as const), valid: fc.subarray([...ids]) }),
  fc.record({
    kind: fc.constant("restart" as const),
    records: fc.constantFrom("kept", "lost", "broken"),
  }),
  fc.record({ kind: fc.constant("cut" as const), id, after: fc.constantFrom("record", "pair") }),
);

/** The interfaces that should be there: the result of ADD, or that it was cut off. */
type Model = Map<Id, Json | "half">;

const deviceOf = (container: Id): string => hostDeviceName(container, "eth0");

const ask = (command: "ADD" | "DEL" | "CHECK" | "GC", container: Id, config: Json = {}) =>
  call(node, command, {
    container,
    netns: environmentOf(container)["CNI_NETNS"] ?? "",
    config,
  });

function restart(records: "kept" | "lost" | "broken"): void {
  node.store[Symbol.dispose]();
  if (records === "lost") rmSync(file, { force: true });
  if (records === "broken")
    writeFileSync(file, "this is no database, but it is long enough for one");
  const opened = openNodeStore(file);
  if (!opened.ok) throw new Error(opened.error);
  expect(opened.value.setAside !== null).toBe(records === "broken");
  node.store = opened.value.store;
  expect(adoptInterfaces(node.store)).toMatchObject({ ok: true });
}

function cut(container: Id, after: "record" | "pair"): void {
  ask("ADD", container);
  const record = node.store.attachment(deviceOf(container))!;
  ask("DEL", container);
  node.store.put(record);
  if (after === "record") return;
  const netns = `seam-test-pod-${container}`;
  const peer = ["type", "veth", "peer", "name", "eth0", "netns", netns];
  onNode("link", "add", deviceOf(container), ...peer);
}

/** Whether a call answered as the model says; the model is changed as the call changes the node. */
const expectations = {
  ADD: (model: Model, container: Id): void => {
    const answer = ask("ADD", container);
    const before = model.get(container);
    if (before !== undefined && before !== "half") {
      expect(answer).toEqual({ ok: true, value: before });
    } else {
      expect(answer).toMatchObject({ ok: true });
      if (answer.ok) model.set(container, answer.value ?? {});
    }
  },
  DEL: (model: Model, container: Id): void => {
    expect(ask("DEL", container)).toEqual({ ok: true, value: null });
    model.delete(container);
  },
  CHECK: (model: Model, container: Id): void => {
    const made = model.get(container);
    const answer = ask("CHECK", container, { prevResult: made === "half" ? {} : (made ?? {}) });
    if (made === undefined) expect(answer).toMatchObject({ ok: false, error: { code: 3 } });
    else if (made === "half") expect(answer).toMatchObject({ ok: false, error: { code: 101 } });
    else expect(answer).toEqual({ ok: true, value: null });
  },
  GC: (model: Model, valid: readonly Id[]): void => {
    const listed = valid.map((containerID) => ({ containerID, ifname: "eth0" }));
    const answer = ask("GC", "p1", { "cni.dev/valid-attachments": listed });
    expect(answer).toEqual({ ok: true, value: null });
    for (const each of ids) if (!valid.includes(each)) model.delete(each);
  },
};

function happen(model: Model, happening: Event): void {
  switch (happening.kind) {
    case "ADD":
    case "DEL":
    case "CHECK":
      return expectations[happening.kind](model, happening.id);
    case "GC":
      return expectations.GC(model, happening.valid);
    case "restart":
      restart(happening.records);
      // A half-made interface without a record has no address, and is deleted.
      for (const [each, made] of model) {
        if (made === "half" && happening.records !== "kept") model.delete(each);
      }
      return;
    case "cut":
      if (model.has(happening.id)) return;
      cut(happening.id, happening.after);
      restart("kept");
      if (happening.after === "pair") model.set(happening.id, "half");
  }
}

/** Every interface is whole, and no address is recorded twice. */
function holds(model: Model): void {
  for (const [container, made] of model) {
    if (made !== "half") expectations.CHECK(model, container);
  }
  const given = node.store.attachments().flatMap(({ addresses }) => addresses.map(formatAddress));
  expect(new Set(given).size).toBe(given.length);
  expect([...devices()].sort()).toEqual([...model.keys()].map(deviceOf).sort());
}

test("calls in any order, after any crash, give no address twice and leave nothing", async () => {
  await withPods(ids, () => {
    fc.assert(
      fc.property(fc.array(event, { minLength: 5, maxLength: 20 }), (events) => {
        restart("lost");
        const model: Model = new Map();
        for (const each of ids) expectations.DEL(model, each);
        for (const each of events) {
          happen(model, each);
          holds(model);
        }
        for (const each of ids) expectations.DEL(model, each);
        expect(node.store.attachments()).toEqual([]);
        expect(devices()).toEqual([]);
      }),
      { numRuns: Number(process.env["SEAM_ORDER_RUNS"] ?? 25) },
    );
  });
});
