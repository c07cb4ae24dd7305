/** V17, V19: the extender's flags, and those of vaclab's scheduler. */
import { KUBERNETES_KEYS, OVN_KEYS } from "@seam/bandwidth";
import { expect, test } from "vitest";

import { readOptions } from "./options.ts";

const surroundings = { argv: [], env: {}, hostname: "this-host" };
const reading = {
  families: [OVN_KEYS, KUBERNETES_KEYS],
  units: "kubernetes",
  schedulers: new Set(["vaclab-scheduler"]),
  defaults: { ulMbps: 20, dlMbps: 20 },
};
const defaults = {
  port: 9831,
  extenderPort: 9830,
  kubeSchedulerPort: 10_259,
  tls: null,
  kubeconfig: null,
  lease: "vaclab-scheduler",
  namespace: "seam-system",
  host: "this-host",
  reading,
  rules: "fixed",
  candidates: 4,
  logLevel: "info",
};

test.each([
  ["nothing", {}, defaults],
  [
    "flags",
    { argv: ["--port=1", "--extender-port=2", "--scoring=compatible", "--lease=l", "--host=a"] },
    { ...defaults, port: 1, extenderPort: 2, rules: "compatible", lease: "l", host: "a" },
  ],
  [
    "variables",
    { env: { SEAM_PORT: "2", POD_NAMESPACE: "n", SEAM_LOG_LEVEL: "warn" } },
    { ...defaults, port: 2, namespace: "n", logLevel: "warn" },
  ],
  [
    "a kube-scheduler without leader election",
    { argv: ["--lease=none"] },
    { ...defaults, lease: null },
  ],
  [
    "a certificate",
    { argv: ["--tls-cert=c", "--tls-key=k", "--tls-client-ca=a"] },
    { ...defaults, tls: { cert: "c", key: "k", clientCa: "a" } },
  ],
  [
    "what pods are read by",
    {
      argv: [
        "--default-egress-mbps=5",
        "--default-ingress-mbps=0",
        "--units=vaclab",
        "--scheduler-name=s",
      ],
    },
    {
      ...defaults,
      reading: {
        ...reading,
        units: "vaclab",
        schedulers: new Set(["s"]),
        defaults: { ulMbps: 5, dlMbps: 0 },
      },
    },
  ],
  ["help", { argv: ["--help"] }, "help"],
])("%s", (_, given, value) => {
  expect(readOptions({ ...surroundings, ...given })).toEqual({ ok: true, value });
});

test.each([
  [["--port", "70000"], "--port: expected a number from 0 to 65535, for example 20; found 70000"],
  [["--prot", "1"], "--prot"],
  [["--scoring", "best"], "--scoring: expected one of fixed, compatible; found best"],
  [["--units", "mbps"], "--units: expected one of kubernetes, vaclab; found mbps"],
  [["--default-egress-mbps", "20M"], "--default-egress-mbps: expected a number"],
  [["--tls-cert", "c"], "--tls-cert, --tls-key: expected both, or none"],
  [["--tls-client-ca", "c"], "--tls-client-ca needs them"],
  [["--lease", "No_one"], '--lease: expected the name of a Lease, or none; found "No_one"'],
  [["--log-level", "loud"], "--log-level: expected one of info, warn, error; found loud"],
])("%s is refused", (argv, message) => {
  const read = readOptions({ ...surroundings, argv });
  expect(read.ok ? "" : read.error).toContain(message);
});
