/** The shim's frames and the specification's errors. */
import { expect, test } from "vitest";

import { cniArguments, encodeAnswer, fail, frameOf, parseRequest } from "./cni-message.ts";

const body = (variables: readonly string[], input: string): Buffer =>
  Buffer.from(`${variables.map((each) => `${each}\0`).join("")}\0${input}`);

test("a frame is whole only with its last byte", () => {
  const content = body(["CNI_COMMAND=ADD"], "{}");
  const header = Buffer.alloc(4);
  header.writeUInt32BE(content.length);
  const frame = Buffer.concat([header, content]);
  expect(frameOf(frame.subarray(0, 3))).toBeNull();
  expect(frameOf(frame.subarray(0, -1))).toBeNull();
  expect(frameOf(frame)).toEqual(content);
});

test("variables and configuration are read", () => {
  const variables = ["CNI_COMMAND=DEL", "CNI_ARGS=IgnoreUnknown=1;K8S_POD_NAME=a=b"];
  const request = parseRequest(body(variables, '{"cniVersion":"1.1.0","name":"seam"}'));
  expect(request).toMatchObject({ ok: true, value: { command: "DEL", config: { name: "seam" } } });
  const named = request.ok ? cniArguments(request.value) : new Map();
  expect(named.get("K8S_POD_NAME")).toBe("a=b");
});

test("VERSION needs no configuration", () => {
  expect(parseRequest(body(["CNI_COMMAND=VERSION"], ""))).toMatchObject({ ok: true });
});

const named = '"cniVersion":"1.0.0","name":"seam"';

test.each([
  { name: "unknown command", command: "GO", input: `{${named}}`, code: 4, version: "1.0.0" },
  { name: "no command", command: "", input: "{}", code: 4, version: "1.1.0" },
  { name: "no JSON", command: "ADD", input: "{", code: 6, version: "1.1.0" },
  { name: "no object", command: "ADD", input: "[]", code: 6, version: "1.1.0" },
  { name: "old", command: "ADD", input: '{"cniVersion":"0.2.0"}', code: 1, version: "0.2.0" },
  { name: "too old", command: "GC", input: `{${named}}`, code: 1, version: "1.0.0" },
  { name: "no name", command: "ADD", input: '{"cniVersion":"0.4.0"}', code: 7, version: "0.4.0" },
])("$name is error $code in version $version", ({ command, input, code, version }) => {
  expect(parseRequest(body([`CNI_COMMAND=${command}`], input))).toMatchObject({
    ok: false,
    error: { error: { code }, version },
  });
});

test("an error answer has exit code 1 and the version asked in", () => {
  const frame = encodeAnswer(fail(11, "later", "why"), "1.0.0");
  expect(frame.readUInt32BE(0)).toBe(1);
  expect(JSON.parse(frame.subarray(8).toString())).toEqual({
    cniVersion: "1.0.0",
    code: 11,
    msg: "later",
    details: "why",
  });
});
