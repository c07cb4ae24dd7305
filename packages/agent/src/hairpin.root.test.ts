/** Pods on one node with the settings of strict distributions, and a pod that reaches itself through its node (issue 4). */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";

import { expect, test } from "vitest";

import { call, podNetns, reconcile, run, useTestNode } from "./node.fixture.ts";

const node = useTestNode();

/** One round of reconciliation of a node alone; what it did. */
const reconcileAlone = (): readonly string[] =>
  reconcile([{ name: "a", internalAddresses: [], podCidrs: node.podCidrs }], node.store);
const inPod = (...argv: readonly string[]) => spawn("ip", ["netns", "exec", podNetns, ...argv]);

const server = `require("node:net").createServer((c) => c.end(c.remoteAddress))
  .listen(80, "::", () => console.log("listening"));`;
const client = `require("node:net").connect({ host: process.argv[1], port: 8080 })
  .on("data", (data) => { console.log(String(data)); process.exit(0); })
  .on("error", (error) => { console.log(error.code); process.exit(0); });
setTimeout(() => { console.log("nothing"); process.exit(0); }, 2000);`;

test("a pod reaches itself through its host port, under the node's address, and is not redirected", async () => {
  const portMappings = [{ hostPort: 8080, containerPort: 80, protocol: "tcp" }];
  call(node, "ADD", { config: { runtimeConfig: { portMappings } } });
  reconcileAlone();
  const serving = inPod(process.execPath, "-e", server);
  const redirects = "icmp[icmptype] == 5 or (icmp6 and ip6[40] == 137)";
  const dump = inPod("tcpdump", "-lnni", "eth0", redirects);
  const seen = text(dump.stdout);
  try {
    await Promise.all([once(serving.stdout, "data"), once(dump.stderr, "data")]);
    const answers = ["10.200.7.1", "fd00:200::7"].map((host) =>
      run("ip", "netns", "exec", podNetns, process.execPath, "-e", client, host).trim(),
    );
    // The source is an address of the node's end: the packet leaves over the pod's own link.
    expect(answers).toEqual(["::ffff:10.200.7.1", "fd00:200::7"]);
    await new Promise((resolve) => {
      setTimeout(resolve, 300);
    });
  } finally {
    dump.kill("SIGINT");
    serving.kill("SIGKILL");
  }
  expect((await seen).trim()).toBe("");
});

test("a new pod's link forwards although new links were not to, both families", () => {
  const other = "seam-test-pod2";
  const keys = ["ipv4", "ipv6"].map((family) => `net.${family}.conf.default.forwarding`);
  run("sh", "-c", `ip netns del ${other} 2>/dev/null; ip netns add ${other}`);
  try {
    reconcileAlone();
    for (const key of keys) run("sysctl", "-qw", `${key}=0`);
    expect(reconcileAlone()).toEqual(["set-sysctl"]);
    call(node, "ADD");
    call(node, "ADD", { container: "c2", netns: `/run/netns/${other}` });
    for (const target of ["10.244.7.2", "fd00:7::2"])
      expect(run("ip", "netns", "exec", podNetns, "ping", "-c1", "-W2", target)).toContain(
        "1 received",
      );
  } finally {
    for (const key of keys) run("sysctl", "-qw", `${key}=1`);
    run("ip", "netns", "del", other);
  }
});
