/**
 * Clusters of one address family (issue 4): whatever a pod network does over both families it does over IPv4 alone and over IPv6
 * alone, in labs where the other family does not exist.
 */
import { once } from "node:events";
import { text } from "node:stream/consumers";

import { labDown, labStatus } from "@seam/lab";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { leftOf, networkConfig, PATIENCE_MS, testLab } from "./lab.fixture.ts";

const image = "localhost/seam/traffic:dev";
const serve = ["sh", "-c", "rr serve 5202 & exec iperf3 -s -p 5201"];

const cases = [
  {
    families: "ipv4",
    label: "IPv4",
    podRange: /^10\.244\.\d+\.\d+$/,
    services: /^10\.96\./,
    node: "10.200.0.12",
    outside: "10.200.0.250",
    seenFrom: "::ffff:10.200.0.12",
    overhead: 50,
  },
  {
    families: "ipv6",
    label: "IPv6",
    podRange: /^fd00:10:244:\d*:/,
    services: /^fd00:10:96::/,
    node: "fd00:200::12",
    outside: "fd00:200::250",
    seenFrom: "fd00:200::12",
    overhead: 70,
  },
] as const;

const experiment = {
  apiVersion: "seam.ucsd.edu/v1alpha1",
  kind: "Experiment",
  metadata: { name: "pair", namespace: "default" },
  spec: {
    workloads: [
      { name: "server", image, command: serve, replicas: 2, placement: "spread" },
      { name: "client", image, command: serve, replicas: 1, placement: { node: "n2" } },
    ],
  },
};

const service = {
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "balanced", namespace: "default" },
  spec: {
    ipFamilyPolicy: "PreferDualStack",
    selector: { "seam.ucsd.edu/workload": "server" },
    ports: [{ name: "rr", port: 80, targetPort: 5202 }],
  },
};

const hostPortPod = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "host-port", namespace: "default" },
  spec: {
    nodeName: "n2",
    terminationGracePeriodSeconds: 0,
    containers: [
      {
        name: "c",
        image,
        command: ["rr", "serve", "5202"],
        ports: [{ containerPort: 5202, hostPort: 8052 }],
      },
    ],
  },
};

/** The program of a caller outside: prints what comes back on one connection. */
const ask = `const c = require("net").connect(8052, process.argv[1], () => c.write("x"));
  c.on("data", (d) => { console.log("echo " + d); process.exit(0); });
  c.on("error", (e) => { console.log(e.code); process.exit(0); });
  setTimeout(() => { console.log("silence"); process.exit(0); }, 2000);`;

const answerWithPeer = `require("net").createServer((c) => c.end(c.remoteAddress))
  .listen(9000, "::", () => console.log("listening"));`;

describe.each(cases)("a cluster of $label alone", (family) => {
  const lab = testLab(`seam-test-${family.families}`);
  const other = family.families === "ipv4" ? "-6" : "-4";

  const transactions = async (host: string, port = "5202"): Promise<number> => {
    const printed = await lab.inPod("client-0", "rr", "ask", host, port, "--seconds", "1");
    const report: { readonly transactions: number } = JSON.parse(printed);
    return report.transactions;
  };

  const addressOf = async (pod: string): Promise<string> =>
    lab.kubectl("get", "pod", pod, "-o", "jsonpath={.status.podIPs[*].ip}");

  beforeAll(async () => {
    await labDown(lab.name);
    await lab.seam("lab", "up", "--nodes", "2", "--families", family.families);
    await lab.apply(experiment, service, hostPortPod);
    await lab.seam("wait", "experiment", "pair", "-n", "default", "--for", "Ready");
    await lab.kubectl("wait", "--for=condition=Ready", "pod/host-port", "--timeout=120s");
  }, 180_000);

  afterAll(async () => labDown(lab.name), 60_000);

  test("nodes are Ready, and nothing has an address of the other family", async () => {
    const { nodes } = await labStatus(lab.name);
    expect(nodes.map(({ ready, podCidrs }) => [ready, podCidrs.length])).toEqual([
      [true, 1],
      [true, 1],
    ]);
    // Link-local addresses are not of the cluster; with IPv4 alone, the links of nodes have not even these.
    for (const node of ["n1", "n2"])
      expect(await lab.onNode(node, `ip ${other} -br addr | grep -v ^lo`)).toBe("");
    for (const pod of ["client-0", "server-0", "server-1", "host-port"]) {
      expect(await addressOf(pod)).toMatch(family.podRange);
      expect(await lab.inPod(pod, "ip", other, "-o", "addr", "show", "scope", "global")).toBe("");
      expect(await lab.inPod(pod, "ip", other, "route", "show", "default")).toBe("");
    }
  });

  test("pods reach pods of both nodes, by address and by name, and services", async () => {
    const nodes = await lab.kubectl("get", "pods", "-o", "jsonpath={.items[*].spec.nodeName}");
    expect(new Set(nodes.split(" "))).toEqual(new Set(["n1", "n2"]));
    for (const pod of ["server-0", "server-1"]) {
      expect(await transactions(await addressOf(pod))).toBeGreaterThan(100);
      expect(await transactions(`${pod}.server.default.svc.cluster.local`)).toBeGreaterThan(100);
    }
    const addresses = ["get", "service", "balanced", "-o", "jsonpath={.spec.clusterIPs[*]}"];
    const address = await lab.kubectl(...addresses);
    expect(address).toMatch(family.services);
    expect(address).not.toContain(" ");
    for (const host of [address, "balanced"])
      expect(await transactions(host, "80")).toBeGreaterThan(100);
  });

  test("a host port is reached from outside, and the world outside sees a node", async () => {
    const caller = lab.outside(process.execPath, "-e", ask, family.node);
    expect(await text(caller.stdout!)).toBe("echo x\n");
    const server = lab.outside(process.execPath, "-e", answerWithPeer);
    try {
      await once(server.stdout!, "data");
      expect(await lab.inPod("client-0", "nc", family.outside, "9000")).toBe(family.seenFrom);
    } finally {
      server.kill("SIGKILL");
    }
  });

  test("the overlay becomes VXLAN over this family, and direct again", async () => {
    const device = async (): Promise<string> =>
      lab.onNode("n2", "ip -d link show vxlan-seam 2>/dev/null | tr '\\n' ' '");
    await lab.apply(networkConfig({ overlay: "vxlan", encapsulate: "always" }));
    await expect.poll(device, { timeout: PATIENCE_MS }).toContain(`local ${family.node} `);
    expect(await device()).toContain(`mtu ${1500 - family.overhead} `);
    const entries = async (): Promise<string> => lab.onNode("n2", "bridge fdb show dev vxlan-seam");
    const first = family.node.replace(/12$/, "11");
    await expect.poll(entries, { timeout: PATIENCE_MS }).toContain(`dst ${first} `);
    for (const pod of ["server-0", "server-1"])
      expect(await transactions(await addressOf(pod))).toBeGreaterThan(100);
    await lab.kubectl("delete", "networkconfig", "default");
    await expect.poll(device, { timeout: PATIENCE_MS }).toBe("");
    for (const pod of ["server-0", "server-1"])
      expect(await transactions(await addressOf(pod))).toBeGreaterThan(100);
  });

  test("traffic is measured, and seam doctor finds nothing missing", async () => {
    const table = await lab.seam("traffic", "pair", "-n", "default");
    const rows = table.split("\n").filter((line) => line.startsWith("client-0 "));
    expect(rows).toHaveLength(2);
    const figures = String.raw`(\s+\d+(\.\d+)?){2}\s+\d+\s+\d+`;
    for (const place of ["n2", "n2 > n1"]) {
      const row = `^client-0 +server-\\d +${family.label} +${place}${figures}${figures}$`;
      expect(table).toMatch(new RegExp(row, "m"));
    }
    const missing = await lab.seam("doctor", "cluster");
    expect(missing).toContain(`every node has its own (${family.label})`);
    expect(missing).toContain("nothing is missing");
  });

  test("the lab goes down without a trace", async () => {
    expect(leftOf(lab.name)).not.toEqual([]);
    await labDown(lab.name);
    expect(leftOf(lab.name)).toEqual([]);
  }, 200_000);
});
