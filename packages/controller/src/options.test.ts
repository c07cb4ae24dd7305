import { expect, test } from "vitest";
import { readOptions } from "./options.ts";

const surroundings = { argv: [], env: {}, hostname: "host", pid: 7 };
const defaults = {
  port: 9810,
  kubeconfig: null,
  namespace: "seam-system",
  identity: "host-7",
  logLevel: "info",
};

test.each([
  ["nothing", {}, defaults],
  ["flags", { argv: ["--port", "1", "--identity=a"] }, { ...defaults, port: 1, identity: "a" }],
  [
    "variables",
    { env: { SEAM_PORT: "2", POD_NAME: "p", POD_NAMESPACE: "n", SEAM_LOG_LEVEL: "warn" } },
    { ...defaults, port: 2, identity: "p", namespace: "n", logLevel: "warn" },
  ],
  ["both", { argv: ["--port=1"], env: { SEAM_PORT: "2" } }, { ...defaults, port: 1 }],
  ["help", { argv: ["--help"] }, "help"],
])("%s", (_, given, value) => {
  expect(readOptions({ ...surroundings, ...given })).toEqual({ ok: true, value });
});

test.each([
  [["--port", "70000"], "--port: expected a port from 0 to 65535"],
  [["--prot", "1"], "--prot"],
  [["--log-level", "loud"], "--log-level: expected one of info, warn, error; found loud"],
])("%s is refused", (argv, message) => {
  const read = readOptions({ ...surroundings, argv });
  expect(read.ok ? "" : read.error).toContain(message);
});
