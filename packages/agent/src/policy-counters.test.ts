/** Packets as Prometheus hears of them; what the kernel counts is tested with real packets in `@seam/kernel`. */
import { err, ok, type Result } from "@seam/base";
import { createPolicyIntent } from "@seam/intent";
import type { HostCount, KernelError, PolicyCount } from "@seam/kernel";
import { ANY } from "@seam/state";
import { Registry } from "prom-client";
import { expect, test } from "vitest";

import { countPolicies } from "./policy-counters.ts";
import { openStore } from "./store.ts";

const record = (pod: string, device: string) => ({
  device,
  containerId: pod,
  ifName: "eth0",
  netns: "",
  pod,
  podUid: "",
  network: "seam",
  mac: "",
  addresses: [],
  hostPorts: [],
});

/** Pods db and web of one namespace with an interface each; db has so many policies that isolate it. */
function worldWith(policies: number) {
  const store = openStore(":memory:");
  const intent = createPolicyIntent("n1");
  intent.setNamespace("lab-a", {});
  for (const [index, name] of ["db", "web"].entries()) {
    const key = `lab-a/${name}`;
    const device = `seam${index}`;
    store.put(record(key, device));
    intent.setPod(key, {
      namespace: "lab-a",
      uid: key,
      labels: { app: name },
      addresses: [{ family: "ipv4", bytes: [10, 0, 0, index] }],
      serviceAccount: "default",
      hostNetwork: false,
      ports: [],
    });
    intent.setEndpoint(device, { addresses: [], pod: { key, uid: "" } });
  }
  const podSelector = { matchLabels: { app: "db" } };
  const ingress = [{ from: [{ podSelector: { matchLabels: { app: "web" } } }] }];
  for (let index = 1; index <= policies; index += 1)
    intent.setPolicy(`lab-a/p${index}`, {
      spec: index % 2 === 0 ? { podSelector } : { podSelector, ingress },
    });
  intent.takeChange();
  const web = intent.state().addresses.get("10.0.0.1") ?? 0;
  const registry = new Registry();
  const warnings: object[] = [];
  let counted: Result<readonly PolicyCount[], KernelError> = ok([]);
  let hosts: Result<readonly HostCount[], KernelError> = ok([]);
  const counters = countPolicies(registry, {
    table: { takeCounts: () => counted, takeHostCounts: () => hosts },
    intent,
    store,
    log: { warn: (fields) => void warnings.push(fields) },
  });
  const told = async (of: typeof counted): Promise<readonly string[]> => {
    counted = of;
    const text = await registry.metrics();
    return text
      .split("\n")
      .filter((line) => /^[^#]/.test(line))
      .map((line) => line.replaceAll(/seam_policy_|direction=|verdict=|namespace=|"/g, ""));
  };
  const toldOfHosts = async (of: typeof hosts): Promise<readonly string[]> => {
    hosts = of;
    return (await told(ok([]))).filter((line) => line.startsWith("host"));
  };
  return { store, intent, web, counters, warnings, told, toldOfHosts };
}
const db = { device: "seam0", side: "ingress", packets: 3 } as const;
const none = ["packets_untold_total 0", "denials_missed_total 0"];

test("what a class may is of the policies that give it something, what is denied of all that isolate", async () => {
  const { web, told } = worldWith(2);
  const allowed = { ...db, verdict: "allowed", peers: web } as const;
  const open = {
    ...db,
    device: "seam1",
    side: "egress",
    verdict: "allowed",
    peers: null,
  } as const;
  expect(await told(ok([]))).toEqual(none);
  const first = [
    "packets_total{ingress,allowed,lab-a,pod=db,policy=p1} 3",
    "packets_total{ingress,denied,lab-a,pod=db,policy=p1} 3",
    "packets_total{ingress,denied,lab-a,pod=db,policy=p2} 3",
    "packets_total{egress,allowed,lab-a,pod=web,policy=} 3",
    ...none,
  ];
  expect(await told(ok([allowed, { ...db, verdict: "denied" }, open]))).toEqual(first);
  expect(await told(ok([]))).toEqual(first);
  expect((await told(ok([allowed])))[0]).toBe(first[0]?.replace(/3$/, "6"));
});

test("what a pod says to its own node is counted as egress, for the policies that are about that (I15)", async () => {
  const { intent, told } = worldWith(1);
  const egress = [{ action: "Accept", to: [{ networks: ["0.0.0.0/0"] }] }];
  const spec = { tier: "Admin", priority: 1, subject: { namespaces: {} }, egress };
  expect(intent.setClusterPolicy("near", { spec })).toEqual([]);
  intent.setPolicy("lab-a/out", { spec: { policyTypes: ["Egress"] } });
  intent.takeChange();
  const of = { ...db, side: "node" } as const;
  const allowed = { ...of, verdict: "allowed", peers: ANY.ipv4 } as const;
  expect(await told(ok([allowed, { ...of, verdict: "denied" }]))).toEqual([
    "packets_total{egress,allowed,lab-a,pod=db,policy=ClusterNetworkPolicy/near} 3",
    "packets_total{egress,denied,lab-a,pod=db,policy=ClusterNetworkPolicy/near} 3",
    ...none,
  ]);
});

test("series go with the interface of their pod; of what is no pod's nothing is told", async () => {
  const { store, told } = worldWith(1);
  const denied = { ...db, verdict: "denied" } as const;
  store.put(record("", "seam2"));
  const other = { ...denied, device: "seam2" };
  const unknown = { ...denied, device: "seam3" };
  expect(await told(ok([denied, other, unknown]))).toHaveLength(1 + none.length);
  store.remove("seam0");
  expect(await told(ok([denied]))).toEqual(none);
});

test("there are 5000 series at most, and what they leave out is told", async () => {
  const { told } = worldWith(5010);
  const lines = await told(ok([{ ...db, verdict: "denied" }]));
  expect(lines).toHaveLength(5000 + none.length);
  expect(lines).toContain("packets_untold_total 30");
});

test("a kernel that does not answer is logged and leaves the counters as they are", async () => {
  const { counters, warnings, told } = worldWith(1);
  const error = { errno: "ENOENT", message: "no such set" };
  const before = await told(ok([{ ...db, verdict: "denied" }]));
  expect(await told(err(error))).toEqual(before);
  expect(warnings).toEqual([{ error }]);
  counters.missed();
  expect(await told(ok([]))).toContain("denials_missed_total 1");
});

test("what passes and what is denied at the node's own interfaces is told by interface, point and policy (I16)", async () => {
  const { intent, toldOfHosts, warnings } = worldWith(1);
  const verdict = "denied";
  const denied = { interface: "eth0", point: "pre-dnat", verdict, packets: 2 } as const;
  const line = (packets: number): readonly string[] => [
    `host_packets_denied_total{interface=eth0,point=pre-dnat,policy=} ${packets}`,
  ];
  expect(await toldOfHosts(ok([]))).toEqual([]);
  expect(await toldOfHosts(ok([denied]))).toEqual(line(2));
  expect(await toldOfHosts(ok([denied]))).toEqual(line(4));
  expect(await toldOfHosts(err({ errno: "ENOBUFS", message: "no room" }))).toEqual(line(4));
  expect(warnings).toHaveLength(1);
  const ends = { node: "n1", interfaceName: "eth0" };
  const metadata = { name: "of-eth0", labels: { role: "node" } };
  intent.setInterfaces(new Map([["eth0", []]]));
  intent.setCalico("HostEndpoint", "of-eth0", { metadata, spec: ends });
  for (const name of ["p", "q"])
    intent.setCalico("GlobalNetworkPolicy", name, {
      metadata: { name },
      spec: { selector: "role == 'node'", ingress: [{ action: name === "p" ? "Allow" : "Deny" }] },
    });
  intent.takeChange();
  const local = { interface: "eth0", point: "local-ingress", verdict, packets: 3 } as const;
  expect(await toldOfHosts(ok([denied, local]))).toEqual([
    ...line(6),
    "host_packets_denied_total{interface=eth0,point=local-ingress,policy=calico/GlobalNetworkPolicy/p} 3",
    "host_packets_denied_total{interface=eth0,point=local-ingress,policy=calico/GlobalNetworkPolicy/q} 3",
  ]);
  const allowed = { ...local, verdict: "allowed", peers: ANY.ipv4 } as const;
  const early = { ...allowed, point: "pre-dnat", interface: "*" } as const;
  const told = await toldOfHosts(ok([allowed, early]));
  expect(told.filter((each) => each.includes("allowed"))).toEqual([
    "host_packets_allowed_total{interface=eth0,point=local-ingress,policy=calico/GlobalNetworkPolicy/p} 3",
    "host_packets_allowed_total{interface=*,point=pre-dnat,policy=} 3",
  ]);
});
