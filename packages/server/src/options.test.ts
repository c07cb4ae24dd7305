/** Flags, variables, and what is said of wrong ones. */
import { expect, test } from "vitest";

import { readOptions } from "./options.ts";

const defaults = {
  port: 9821,
  grpcPort: 9820,
  socket: null,
  certificate: null,
  kubeconfig: null,
  logLevel: "info",
};
const certificate = { cert: "/tls/tls.crt", key: "/tls/tls.key" };

test.each([
  { name: "nothing", argv: [], env: {}, value: defaults },
  {
    name: "flags",
    argv: ["--grpc-port=1", "--socket=/s"],
    env: {},
    value: { ...defaults, grpcPort: 1, socket: "/s" },
  },
  {
    name: "variables",
    argv: [],
    env: { SEAM_PORT: "2", SEAM_TLS_CERT: certificate.cert, SEAM_TLS_KEY: certificate.key },
    value: { ...defaults, port: 2, certificate },
  },
  { name: "both", argv: ["--port=1"], env: { SEAM_PORT: "2" }, value: { ...defaults, port: 1 } },
  { name: "help", argv: ["--help"], env: {}, value: "help" },
])("$name", ({ argv, env, value }) => {
  expect(readOptions(argv, env)).toEqual({ ok: true, value });
});

test.each([
  [["--grpc-port", "70000"], "--grpc-port: expected a port from 0 to 65535"],
  [["--tls-cert", "a"], "--tls-cert, --tls-key: expected both, or none"],
  [["--prot", "1"], "--prot"],
  [["--log-level", "loud"], "--log-level: expected one of info, warn, error; found loud"],
])("%s is refused", (argv, message) => {
  const read = readOptions(argv, {});
  expect(read.ok ? "" : read.error).toContain(message);
});
