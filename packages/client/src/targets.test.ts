/** Which pods a word names, which container is meant, and lines of several pods. */
import { expect, test } from "vitest";
import { findKind, nearest } from "./kinds.ts";
import { prefixLines } from "./logs.ts";
import { containerOf, parsePodsName } from "./targets.ts";
import { amountOf } from "./usage.ts";

test.each([
  ["server-0", { kind: "pod", pod: "server-0" }],
  ["pod/server-0", { kind: "pod", pod: "server-0" }],
  ["experiment/two-tier", { kind: "experiment", experiment: "two-tier" }],
  ["exp/two-tier/server", { kind: "experiment", experiment: "two-tier", workload: "server" }],
  ["two-tier/server", { kind: "experiment", experiment: "two-tier", workload: "server" }],
])("%s", (word, name) => {
  expect(parsePodsName(word)).toEqual({ ok: true, value: name });
});

test.each(["", "a/", "/a", "a/b/c", "pod/a/b", "exp/a/b/c"])("%j names no pods", (word) => {
  expect(parsePodsName(word)).toMatchObject({ ok: false, error: { code: "BadInput" } });
});

const pod = (annotations: object) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "p", annotations },
  spec: { containers: [{ name: "a" }, { name: "b" }], initContainers: [{ name: "c" }] },
});

test("the named container, else the default one, else the first", () => {
  expect(containerOf(pod({}), "c")).toEqual({ ok: true, value: "c" });
  expect(containerOf(pod({ "kubectl.kubernetes.io/default-container": "b" }))).toMatchObject({
    value: "b",
  });
  expect(containerOf(pod({}))).toMatchObject({ value: "a" });
  expect(containerOf(pod({}), "d")).toMatchObject({
    ok: false,
    error: { hint: "Its containers are: a, b, c." },
  });
});

test("lines stay whole however they are cut, a character over two parts included", () => {
  const said: string[] = [];
  const lines = prefixLines("[p] ", (part) => said.push(Buffer.from(part).toString("utf8")));
  const euro = Buffer.from("€");
  for (const part of ["one\ntw", "o ", euro.subarray(0, 1), euro.subarray(1), "\n\nla", "st"])
    lines.take(Buffer.from(part));
  expect(said).toEqual(["[p] one\n", "[p] two €\n", "[p] \n"]);
  lines.end();
  expect(said.at(-1)).toBe("[p] last\n");
});

test.each([
  ["250m", 0.25],
  ["2", 2],
  ["123456789n", 0.123456789],
  ["128Mi", 134_217_728],
  ["1k", 1000],
  ["nothing", 0],
])("%s is %d", (text, value) => {
  expect(amountOf(text)).toBeCloseTo(value, 12);
});

test.each([
  ["expermint", "experiment"],
  ["experim", "experiment"],
  ["netwrkconfig", "networkconfig"],
  ["depl", "deployment"],
  ["servise", "service"],
  ["zzzzzz", undefined],
])("%s probably means %s", (word, name) => {
  const names = ["experiment", "networkconfig", "deployment", "deploy", "service", "po"];
  expect(nearest(word, names)).toBe(name);
});

test("a misspelt kind gets a suggestion, anything else the list", () => {
  expect(findKind("experimnets")).toMatchObject({
    error: { hint: expect.stringMatching(/^Did you mean experiments\? Known kinds: projects/) },
  });
  expect(findKind("zzzzzz")).toMatchObject({
    error: { hint: expect.stringMatching(/^Known kinds:/) },
  });
});
