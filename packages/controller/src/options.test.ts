import { expect, test } from "vitest";
import { readOptions } from "./options.ts";

const surroundings = { argv: [], env: {}, hostname: "host", pid: 7 };
const defaults = {
  port: 9810,
  kubeconfig: null,
  namespace: "seam-system",
  identity: "host-7",
  logLevel: "info",
  bandwidth: {
    defaults: {
      local: { ulMbps: 20_000, dlMbps: 20_000 },
      network: { ulMbps: 1000, dlMbps: 1000 },
    },
    keys: { egress: "ovn.kubernetes.io/egress_rate", ingress: "ovn.kubernetes.io/ingress_rate" },
    units: "kubernetes",
    ceilings: {
      egress: "seam.ucsd.edu/egress-ceiling",
      ingress: "seam.ucsd.edu/ingress-ceiling",
    },
    silent: { scheduler: "vaclab-scheduler", rates: { ulMbps: 20, dlMbps: 20 } },
  },
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
  [
    "flags of vaclab-k8s-plugins (V17)",
    {
      argv: [
        "--default-local-ul-mbps=1",
        "--default-local-dl-mbps=2",
        "--default-network-ul-mbps=3",
        "--default-network-dl-mbps=4",
        "--egress-bandwidth-annotation=kubernetes.io/egress-bandwidth",
        "--ingress-bandwidth-annotation=kubernetes.io/ingress-bandwidth",
        "--leader-elect",
      ],
    },
    {
      ...defaults,
      bandwidth: {
        ...defaults.bandwidth,
        defaults: { local: { ulMbps: 1, dlMbps: 2 }, network: { ulMbps: 3, dlMbps: 4 } },
        keys: {
          egress: "kubernetes.io/egress-bandwidth",
          ingress: "kubernetes.io/ingress-bandwidth",
        },
      },
    },
  ],
  [
    "pods without annotations (V18)",
    { argv: ["--bandwidth-scheduler=mine", "--default-egress-mbps=5", "--default-ingress-mbps=6"] },
    {
      ...defaults,
      bandwidth: {
        ...defaults.bandwidth,
        silent: { scheduler: "mine", rates: { ulMbps: 5, dlMbps: 6 } },
      },
    },
  ],
  [
    "units of vaclab-k8s-plugins (V8)",
    { argv: ["--units=vaclab"] },
    { ...defaults, bandwidth: { ...defaults.bandwidth, units: "vaclab" } },
  ],
  [
    "annotations of ceilings (U2)",
    { argv: ["--egress-ceiling-annotation=a/up", "--ingress-ceiling-annotation=a/down"] },
    {
      ...defaults,
      bandwidth: { ...defaults.bandwidth, ceilings: { egress: "a/up", ingress: "a/down" } },
    },
  ],
  ["help", { argv: ["--help"] }, "help"],
])("%s", (_, given, value) => {
  expect(readOptions({ ...surroundings, ...given })).toEqual({ ok: true, value });
});

test.each([
  [["--port", "70000"], "--port: expected a port from 0 to 65535"],
  [["--prot", "1"], "--prot"],
  [
    ["--default-network-ul-mbps=0"],
    "--default-network-ul-mbps: expected whole Mbit/s from 1 to 99999999, for example 1000; found 0; leave it out for 1000",
  ],
  [["--default-local-dl-mbps=1G"], "--default-local-dl-mbps: expected whole Mbit/s"],
  [["--egress-bandwidth-annotation=a b"], "--egress-bandwidth-annotation: expected the key"],
  [
    ["--egress-bandwidth-annotation=a", "--ingress-bandwidth-annotation=a"],
    "expected two annotations; found a twice",
  ],
  [["--units", "mbps"], "--units: expected one of kubernetes, vaclab; found mbps"],
  [["--log-level", "loud"], "--log-level: expected one of info, warn, error; found loud"],
])("%s is refused", (argv, message) => {
  const read = readOptions({ ...surroundings, argv });
  expect(read.ok ? "" : read.error).toContain(message);
});
