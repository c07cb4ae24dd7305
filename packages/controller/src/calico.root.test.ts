/** Calico's kinds on a real API server: what is accepted, what is refused and how, and what the controller says (I15, S23). */
import type { ChildProcess } from "node:child_process";
import { createKubeClient, isKubeObject, readKubeconfig, type KubeClient } from "@seam/kube";
import { type ControlPlane, startControlPlane } from "@seam/kube/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { signInAsController, startController, stop } from "./controller.fixture.ts";
import { kubectl } from "./nodes.fixture.ts";

let plane: ControlPlane;
let client: KubeClient;
let controller: ChildProcess;
let output = "";

const k = async (...argv: string[]): Promise<string> => kubectl(plane.kubeconfig, ...argv);

const GLOBAL = new Set(["Tier", "GlobalNetworkPolicy", "GlobalNetworkSet", "HostEndpoint"]);
const object = (kind: string, name: string, spec: unknown): object => ({
  apiVersion: "projectcalico.org/v3",
  kind,
  metadata: { name, ...(GLOBAL.has(kind) ? {} : { namespace: "default" }) },
  spec,
});

/** What the server says against it; null when it takes it. */
async function apply(given: object): Promise<string | null> {
  if (!isKubeObject(given)) throw new Error("no object");
  const applied = await client.apply(given, { fieldManager: "test" });
  return applied.ok ? null : applied.error.message;
}

beforeAll(async () => {
  plane = await startControlPlane();
  const kubeconfig = await signInAsController(plane.kubeconfig);
  await k("wait", "--for=condition=Established", "crd", "--all", "--timeout=90s");
  const config = readKubeconfig(plane.kubeconfig);
  if (!config.ok) throw new Error(config.error);
  client = createKubeClient(config.value);
  controller = startController(["--port=0", `--kubeconfig=${kubeconfig}`], (text) => {
    output += text;
  });
});

afterAll(async () => {
  await stop(controller, "SIGKILL");
  client.close();
  await plane[Symbol.asyncDispose]();
});

const rules = {
  tier: "security",
  order: 10.5,
  selector: "app == 'db' && !has(debug)",
  serviceAccountSelector: "role in {'a', 'b'}",
  types: ["Ingress", "Egress"],
  ingress: [
    {
      action: "Allow",
      protocol: "TCP",
      source: { selector: "app == 'web'", namespaceSelector: "all()", notNets: ["10.0.0.0/8"] },
      destination: { ports: [5432, "8000:8010", "http"] },
      metadata: { annotations: { why: "web reads" } },
    },
    { action: "Log", protocol: 132 },
    { action: "Deny", ipVersion: 4, protocol: "ICMP", icmp: { type: 8, code: 0 } },
  ],
  egress: [
    { action: "Pass", destination: { selector: "kind == 'mgmt'", namespaceSelector: "global()" } },
    { action: "Deny", source: { serviceAccounts: { names: ["builder"], selector: "has(x)" } } },
  ],
};

test.each([
  ["Tier", { order: 100, defaultAction: "Deny" }],
  ["NetworkPolicy", rules],
  ["GlobalNetworkPolicy", { ...rules, namespaceSelector: "has(lab)" }],
  ["NetworkSet", { nets: ["198.51.100.0/28", "2001:db8::/64"] }],
  ["GlobalNetworkSet", { nets: ["203.0.113.9"] }],
  [
    "HostEndpoint",
    {
      node: "n1",
      interfaceName: "eth0",
      expectedIPs: ["203.0.113.9", "2001:db8::9"],
      profiles: ["projectcalico-default-allow"],
      ports: [{ name: "metrics", protocol: "TCP", port: 9100 }],
    },
  ],
])("a %s with every usual field is taken and kept as it is", async (kind, spec) => {
  expect(await apply(object(kind, "whole", spec))).toBeNull();
  const kept = JSON.parse(await k("get", `${kind}.v3.projectcalico.org`, "whole", "-o", "json"));
  expect(kept.spec).toEqual(spec);
});

test("fields that nobody here knows are kept, and a policy without a tier is of default", async () => {
  const spec = { selector: "all()", egress: [{ action: "Allow", later: { a: 1 } }], newer: [1] };
  expect(await apply(object("NetworkPolicy", "newer", spec))).toBeNull();
  const kept = JSON.parse(await k("get", "cnp", "newer", "-o", "json"));
  expect(kept.spec).toEqual({ ...spec, tier: "default" });
  expect(await k("get", "cnp")).toMatch(/NAME +TIER +ORDER +ACCEPTED +AGE/);
});

const ingress = (rule: object): object => ({ ingress: [{ action: "Allow", ...rule }] });
test.each([
  [{ ingress: [{ protocol: "TCP" }] }, /spec\.ingress\[0\]\.action: Required/],
  [ingress({ action: "allow" }), /ingress\[0\]\.action: .*"Allow", "Deny", "Log", "Pass"/],
  [ingress({ ipVersion: 5 }), /ingress\[0\]\.ipVersion: .*supported values: "?4"?, "?6"?/i],
  [ingress({ protocol: "TPC" }), /ingress\[0\]\.protocol: .*TCP\|UDP/],
  [ingress({ protocol: 256 }), /ingress\[0\]\.protocol: .*less than or equal to 255/],
  [
    ingress({ protocol: "TCP", destination: { ports: [70_000] } }),
    /destination\.ports\[0\]: .*less than or equal to 65535/,
  ],
  [
    ingress({ protocol: "TCP", destination: { ports: [true] } }),
    /destination\.ports\[0\]: .*(integer|string)/,
  ],
  [ingress({ destination: { ports: [80] } }), /expected a protocol, such as TCP, beside ports/],
  [ingress({ icmp: { type: 8 } }), /expected the protocol ICMP or ICMPv6 beside icmp/],
  [ingress({ protocol: "ICMP", icmp: { code: 0 } }), /expected a type beside the code/],
  [ingress({ protocol: "ICMP", icmp: { type: 255 } }), /icmp\.type: .*less than or equal to 254/],
  [ingress({ source: { nets: "10.0.0.0/8" } }), /source\.nets: expected list/],
  [ingress({ source: { selector: ["a"] } }), /source\.selector: .*string/],
  [{ types: ["ingress"] }, /types\[0\]: .*"Ingress", "Egress"/],
  [{ types: [] }, /types: .*at least 1/],
  [{ types: ["Egress", "Egress"] }, /spec\.types: duplicate/],
  [{ order: "first" }, /spec\.order: expected numeric/],
  [{ selector: "a".repeat(1025) }, /spec\.selector: .*1024/],
])("%j is refused with its field", async (spec, said) => {
  expect(await apply(object("NetworkPolicy", "wrong", spec))).toMatch(said);
});

test("wrong tiers and sets are refused too", async () => {
  const wrong = [
    object("Tier", "wrong", { defaultAction: "Allow" }),
    object("GlobalNetworkSet", "wrong", { nets: [""] }),
  ];
  expect(await Promise.all(wrong.map(apply))).toEqual([
    expect.stringMatching(/spec\.defaultAction: .*"Pass", "Deny"/),
    expect.stringMatching(/spec\.nets\[0\]: .*at least 1/),
  ]);
});

const early = { preDNAT: true, applyOnForward: true };
test.each([
  ["HostEndpoint", { interfaceName: "eth0" }, /spec\.node: Required/],
  ["HostEndpoint", { node: "n1" }, /spec: .*expected interfaceName, or expectedIPs/],
  ["HostEndpoint", { node: "n1", interfaceName: "a/b" }, /spec\.interfaceName: /],
  [
    "HostEndpoint",
    { node: "n1", interfaceName: "*", ports: [{ name: "a", protocol: "TCP", port: 0 }] },
    /spec\.ports\[0\]\.port: .*greater than or equal to 1/,
  ],
  ["GlobalNetworkPolicy", { preDNAT: true }, /expected applyOnForward: true beside preDNAT/],
  ["GlobalNetworkPolicy", { ...early, types: ["Egress"] }, /expected no egress beside preDNAT/],
  [
    "GlobalNetworkPolicy",
    { ...early, egress: [{ action: "Deny" }] },
    /expected no egress beside preDNAT/,
  ],
])("a %s with %j is refused with its field (I16)", async (kind, spec, said) => {
  expect(await apply(object(kind, "wrong", spec))).toMatch(said);
});

test("host endpoints say whether nodes understand them (I16)", async () => {
  const spec = { node: "n3", interfaceName: "eth0" };
  const wrong = { ...spec, interfaceName: "eth1", profiles: ["mine"] };
  expect(await apply(object("HostEndpoint", "good", spec))).toBeNull();
  expect(await apply(object("HostEndpoint", "bad", wrong))).toBeNull();
  await k("wait", "--for=condition=Accepted", "hep/good", "--timeout=20s");
  await k("wait", "--for=condition=Accepted=False", "hep/bad", "--timeout=20s");
  const path = "jsonpath={.status.conditions[0].message}";
  expect(await k("get", "hep", "bad", "-o", path)).toMatch(
    /^spec\.profiles\[0\]: expected projectcalico-default-allow, or no profile; such a field is left out/,
  );
  expect(await k("get", "hep")).toMatch(/NAME +NODE +INTERFACE +ACCEPTED +AGE/);
  expect(output).not.toContain('"code":403');
});

test("a host endpoint that another one of its node counts before says so, until that goes (I16)", async () => {
  const spec = { node: "n2", interfaceName: "eth0" };
  for (const name of ["first", "second"])
    expect(await apply(object("HostEndpoint", name, spec))).toBeNull();
  await k("wait", "--for=condition=Accepted=False", "hep/second", "--timeout=20s");
  const path = "jsonpath={.status.conditions[0].reason}: {.status.conditions[0].message}";
  expect(await k("get", "hep", "second", "-o", path)).toMatch(
    /^Conflicted: spec\.interfaceName: HostEndpoint first is for eth0 of n2 too/,
  );
  await k("wait", "--for=condition=Accepted", "hep/first", "--timeout=20s");
  await k("delete", "hep", "first");
  await k("wait", "--for=condition=Accepted", "hep/second", "--timeout=20s");
});

test("policies say whether nodes understand them, by field", async () => {
  const spec = { selector: "all()", applyOnForward: true, doNotTrack: true };
  expect(await apply(object("GlobalNetworkPolicy", "untracked", spec))).toBeNull();
  expect(await apply(object("NetworkPolicy", "plain", { selector: "all()" }))).toBeNull();
  await k("wait", "--for=condition=Accepted", "cnp/plain", "--timeout=20s");
  await k("wait", "--for=condition=Accepted=False", "gnp/untracked", "--timeout=20s");
  const path = "jsonpath={.status.conditions[0].message}";
  expect(await k("get", "gnp", "untracked", "-o", path)).toMatch(/spec\.doNotTrack/);
  expect(output).not.toContain('"code":403');
});

test("a policy whose tier does not exist says so, until the tier does (I15)", async () => {
  const spec = { tier: "late", selector: "all()" };
  expect(await apply(object("GlobalNetworkPolicy", "early", spec))).toBeNull();
  await k("wait", "--for=condition=Accepted=False", "gnp/early", "--timeout=20s");
  const path = "jsonpath={.status.conditions[0].reason}: {.status.conditions[0].message}";
  expect(await k("get", "gnp", "early", "-o", path)).toMatch(
    /^TierNotFound: spec\.tier: there is no Tier late, .*make it, or name another, such as .*default/,
  );
  expect(await apply(object("Tier", "late", { order: 5, colour: "red" }))).toBeNull();
  const message = "jsonpath={.status.conditions[0].message}";
  await k(
    "wait",
    "--for=condition=Accepted=False",
    "tiers.projectcalico.org/late",
    "--timeout=20s",
  );
  expect(await k("get", "tiers.projectcalico.org", "late", "-o", message)).toMatch(
    /^spec\.colour: expected one of order, defaultAction; such a field is left out/,
  );
  await k("wait", "--for=condition=Accepted", "gnp/early", "--timeout=20s");
  await k("delete", "tiers.projectcalico.org", "late");
  await k("wait", "--for=condition=Accepted=False", "gnp/early", "--timeout=20s");
});

test("members of a project may write policies and sets of their namespace, and none of the cluster", async () => {
  for (const role of ["seam-edit", "seam-view"])
    await k("create", "rolebinding", role, `--clusterrole=${role}`, "--user=ed", "-n", "default");
  const can = async (verb: string, resource: string): Promise<string> =>
    k("auth", "can-i", verb, `${resource}.projectcalico.org`, "--as=ed", "-n", "default").catch(
      () => "no",
    );
  expect(await can("create", "networkpolicies")).toMatch(/^yes/);
  expect(await can("delete", "networksets")).toMatch(/^yes/);
  expect(await can("create", "globalnetworkpolicies")).toMatch(/^no/);
  const write = async (tier: string): Promise<string> => {
    const patch = JSON.stringify({ spec: { tier } });
    return k("patch", "cnp", "plain", "--type=merge", "--as=ed", "-p", patch).catch(String);
  };
  // A policy of a tier comes before those of later tiers, whoever wrote them.
  expect(await write("kube-admin")).toMatch(
    /spec.tier: expected default, found kube-admin: .*the right to update tier.networkpolicies/,
  );
  expect(await write("default")).toMatch(/patched/);
  const resource = { apiGroups: ["projectcalico.org"], resources: ["tier.networkpolicies"] };
  const given = { rules: [{ ...resource, resourceNames: ["late.*"], verbs: ["update"] }] };
  await k("create", "role", "late", "--verb=get", "--resource=pods");
  await k("patch", "role", "late", "--type=merge", "-p", JSON.stringify(given));
  await k("create", "rolebinding", "late", "--role=late", "--user=ed", "-n", "default");
  await expect.poll(async () => write("late"), { timeout: 20_000 }).toMatch(/patched/);
  expect(await write("kube-admin")).toMatch(/expected default, found /);
  const removed = k("delete", "cnp", "plain", "--as=ed").catch(String);
  expect(await removed).toMatch(/the right to delete tier.networkpolicies/);
  // Who may do everything may do this.
  expect(await k("delete", "cnp", "plain")).toMatch(/deleted/);
  expect(await can("create", "tiers")).toMatch(/^no/);
});
