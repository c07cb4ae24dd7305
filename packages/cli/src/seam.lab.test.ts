/** The main job on a real three-node cluster (issue 3): all of `npm start`, all paths of packets, agents that die, and nothing left. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";

import { labDown, labExec, labStatus } from "@seam/lab";
import { afterAll, beforeAll, expect, test } from "vitest";

import { runGuide } from "./guide.fixture.ts";
import { CUT_US, PATIENCE_MS } from "./lab.fixture.ts";

const name = "seam-test";
const root = path.resolve(import.meta.dirname, "../../..");
const kubeconfig = `/var/lib/seam-lab/${name}/kubeconfig`;
const kubectlProgram = `${process.env["SEAM_BIN"] ?? "SEAM_BIN names the folder of Go tools"}/kubectl`;
const execute = promisify(execFile);
const nodes = ["n1", "n2", "n3"] as const;
const experiment = "seam.ucsd.edu/experiment=first-experiment";

async function npmStart(): Promise<string> {
  const program = path.join(root, "tools/start.ts");
  const environment = { ...process.env, KUBECONFIG: undefined };
  const options = { cwd: root, env: environment, maxBuffer: 1 << 26 };
  return (await execute(process.execPath, [program, "--name", name], options)).stdout;
}

async function kubectl(...argv: readonly string[]): Promise<string> {
  return (await execute(kubectlProgram, [`--kubeconfig=${kubeconfig}`, ...argv])).stdout;
}

async function seam(...argv: readonly string[]): Promise<string> {
  return (await execute(path.join(root, "bin/seam"), [...argv, "--kubeconfig", kubeconfig])).stdout;
}

type Pod = { readonly name: string; readonly node: string; readonly addresses: readonly string[] };

async function pods(selector: string): Promise<readonly Pod[]> {
  const format = "{.metadata.name},{.spec.nodeName},{.status.podIPs[*].ip}";
  const range = `jsonpath={range .items[*]}${format}{"\\n"}{end}`;
  const out = await kubectl("-n", "first", "get", "pods", "-l", selector, "-o", range);
  return out
    .trim()
    .split("\n")
    .map((line) => {
      const [pod = "", node = "", addresses = ""] = line.split(",");
      return { name: pod, node, addresses: addresses.split(" ") };
    });
}

const inPod = async (pod: string, ...command: readonly string[]): Promise<string> =>
  kubectl("-n", "first", "exec", pod, "--", ...command);

/** One second of round trips; what `rr` counted. */
async function transactions(pod: string, host: string, port = 5202): Promise<number> {
  const report: unknown = JSON.parse(
    await inPod(pod, "rr", "ask", host, String(port), "--seconds", "1"),
  );
  return numberAt(report, "transactions");
}

const numberAt = (value: unknown, key: string): number =>
  typeof value === "object" && value !== null ? Number(Reflect.get(value, key)) : Number.NaN;

let firstOutput = "";
let servers: readonly Pod[] = [];
let clients: readonly Pod[] = [];

beforeAll(async () => {
  await labDown(name);
  firstOutput = await npmStart();
  servers = await pods(`${experiment},seam.ucsd.edu/workload=server`);
  clients = await pods(`${experiment},seam.ucsd.edu/workload=client`);
}, 300_000);

afterAll(async () => labDown(name), 60_000);

test("npm start ends with a table of measured traffic, both families, same node and across", () => {
  const figures = String.raw`(\s+\d+(\.\d+)?){2}\s+\d+\s+\d+`;
  for (const family of ["IPv4", "IPv6"])
    for (const place of [String.raw`n\d`, String.raw`n\d > n\d`]) {
      // Round trips, throughput and retransmits of the pods, then the same of the hosts.
      const row = new RegExp(
        String.raw`^client-\d +server-\d +${family} +${place}${figures}${figures}$`,
        "m",
      );
      expect(firstOutput).toMatch(row);
    }
  expect(firstOutput).toContain("npm run stop");
});

test("S9, S14: npm start brings up dashboard and API, and says where they are and with what one signs in", async () => {
  const [, url = ""] = /^.*Seam is at (http:\/\/127\.0\.0\.1:\d+) /m.exec(firstOutput) ?? [];
  const [token = ""] = /seam_[\w-]{43}/.exec(firstOutput) ?? [];
  expect(await (await fetch(url)).text()).toContain('<div id="root">');
  const headers = { authorization: `Bearer ${token}` };
  const answer = await fetch(`${url}/api/v1/projects/first/experiments`, { headers });
  expect(Object(await answer.json()).items).toMatchObject([
    { metadata: { name: "first-experiment" } },
  ]);
});

test("a second npm start reuses the cluster", async () => {
  const before = await labStatus(name);
  const output = await npmStart();
  expect(output).not.toMatch(/node n\d started/);
  expect((await labStatus(name)).processes).toEqual(before.processes);
}, 200_000);

test("pods of three nodes have an address of each family from their node's prefixes", async () => {
  const { nodes: reports } = await labStatus(name);
  expect(servers.map(({ node }) => node).sort()).toEqual(nodes);
  for (const { node, addresses } of [...servers, ...clients]) {
    const prefixes = reports.find((report) => report.name === node)?.podCidrs ?? [];
    const stems = prefixes.map((cidr) => cidr.replace(/(0\/24|:\/64)$/, ""));
    expect(addresses.map((address) => stems.findIndex((stem) => address.startsWith(stem)))).toEqual(
      [0, 1],
    );
  }
});

test("every pod reaches every server over both families", async () => {
  for (const client of clients)
    for (const server of servers)
      for (const address of server.addresses)
        expect(await inPod(client.name, "ping", "-c1", "-W2", address)).toContain("1 received");
  const [client] = clients;
  for (const address of servers.flatMap(({ addresses }) => addresses))
    expect(await transactions(client!.name, address)).toBeGreaterThan(100);
});

test("nodes reach pods, and pods reach nodes", async () => {
  for (const node of nodes)
    for (const address of servers.flatMap(({ addresses }) => addresses)) {
      const outcome = await labExec(name, node, ["ping", "-c1", "-W2", address]);
      expect(`${node} to ${address}: ${outcome.stdout}`).toContain("1 received");
    }
  for (const address of ["10.200.0.11", "10.200.0.13", "fd00:200::12"])
    expect(await inPod(clients[0]!.name, "ping", "-c1", "-W2", address)).toContain("1 received");
});

test("DNS answers, and services of both families lead to pods", async () => {
  const file = "/tmp/seam-test-service.yaml";
  writeFileSync(
    file,
    `apiVersion: v1
kind: Service
metadata: {name: balanced, namespace: first}
spec:
  ipFamilyPolicy: RequireDualStack
  selector: {seam.ucsd.edu/workload: server}
  ports: [{name: rr, port: 80, targetPort: 5202}]
`,
  );
  await kubectl("apply", "-f", file);
  const wanted = ["service", "balanced", "-o", "jsonpath={.spec.clusterIPs[*]}"];
  const addresses = (await kubectl("-n", "first", "get", ...wanted)).split(" ");
  expect(addresses).toHaveLength(2);
  const client = clients[0]!.name;
  // kube-proxy needs a moment for a new service.
  for (const host of addresses)
    await expect
      .poll(async () => transactions(client, host, 80), { timeout: PATIENCE_MS })
      .toBeGreaterThan(100);
  for (const host of ["balanced", "balanced.first.svc.cluster.local"])
    expect([host, (await transactions(client, host, 80)) > 100]).toEqual([host, true]);
  const [server] = servers;
  expect(
    await transactions(client, `${server!.name}.server.first.svc.cluster.local`),
  ).toBeGreaterThan(100);
}, 200_000);

test("the world outside sees a node's address, of both families", async () => {
  const netns = `/run/netns/seam-${name}-outside`;
  const program = `const s = require("net").createServer((c) => c.end(c.remoteAddress));
    s.listen(9000, "::", () => console.log("listening"));`;
  const server = spawn("nsenter", [`--net=${netns}`, "--", process.execPath, "-e", program]);
  try {
    await once(server.stdout, "data");
    const client = clients.find(({ node }) => node === "n2")!.name;
    expect(await inPod(client, "nc", "10.200.0.250", "9000")).toBe("::ffff:10.200.0.12");
    expect(await inPod(client, "nc", "fd00:200::250", "9000")).toBe("fd00:200::12");
  } finally {
    server.kill("SIGKILL");
  }
});

test("a host port is reached from outside over both families, and is gone with its pod", async () => {
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "host-port", namespace: "first" },
    spec: {
      nodeName: "n2",
      terminationGracePeriodSeconds: 0,
      containers: [
        {
          name: "c",
          image: "localhost/seam/traffic:dev",
          command: ["rr", "serve", "5202"],
          ports: [{ containerPort: 5202, hostPort: 8052 }],
        },
      ],
    },
  };
  const file = "/tmp/seam-test-host-port.json";
  writeFileSync(file, JSON.stringify(pod));
  await kubectl("apply", "-f", file);
  const program = `const c = require("net").connect(8052, process.argv[1], () => c.write("x"));
    c.on("data", (d) => { console.log("echo " + d); process.exit(0); });
    c.on("error", (e) => { console.log(e.code); process.exit(0); });
    setTimeout(() => { console.log("silence"); process.exit(0); }, 2000);`;
  const outside = [
    "nsenter",
    `--net=/run/netns/seam-${name}-outside`,
    "--",
    process.execPath,
    "-e",
    program,
  ];
  const ask = async (address: string): Promise<string> =>
    (await execute(outside[0]!, [...outside.slice(1), address])).stdout.trim();
  for (const address of ["10.200.0.12", "fd00:200::12"])
    await expect.poll(async () => ask(address), { timeout: PATIENCE_MS }).toBe("echo x");
  await kubectl("delete", "-f", file, "--wait=true");
  for (const address of ["10.200.0.12", "fd00:200::12"])
    await expect.poll(async () => ask(address), { timeout: PATIENCE_MS }).not.toBe("echo x");
}, 200_000);

/** Round trips for `seconds` while `disturb` happens; rejects when the connection broke. */
async function undisturbed(seconds: number, disturb: () => Promise<unknown>): Promise<unknown> {
  const client = clients.find(({ node }) => node === "n2")!;
  const server = servers.find(({ node }) => node === "n3")!;
  const ask = ["rr", "ask", server.addresses[0]!, "5202", "--seconds", String(seconds)];
  const argv = [`--kubeconfig=${kubeconfig}`, "-n", "first", "exec", client.name, "--", ...ask];
  const traffic = spawn(kubectlProgram, argv, { stdio: ["ignore", "pipe", "inherit"] });
  const [output, [code]] = await Promise.all([
    text(traffic.stdout),
    once(traffic, "close"),
    disturb(),
  ]);
  expect(code).toBe(0);
  return JSON.parse(output);
}

async function agentPid(node: string): Promise<string> {
  return (
    (await labExec(name, node, ["pgrep", "-f", "/seam/agent.js"])).stdout.trim().split("\n")[0] ??
    ""
  );
}

async function agentsReady(): Promise<void> {
  await kubectl("-n", "seam-system", "rollout", "status", "daemonset/seam-agent", "--timeout=120s");
}

test("established traffic goes on while agents are killed", async () => {
  const before = await agentPid("n2");
  const report = await undisturbed(5, async () => {
    for (const node of ["n2", "n3"])
      await labExec(name, node, ["kill", "-9", await agentPid(node)]);
  });
  expect(numberAt(report, "transactions")).toBeGreaterThan(1000);
  expect(numberAt(report, "max_us")).toBeLessThan(CUT_US);
  await agentsReady();
  expect([before, ""]).not.toContain(await agentPid("n2"));
}, 200_000);

test("established traffic goes on while every agent is replaced", async () => {
  const before = await agentPid("n3");
  const report = await undisturbed(15, async () => {
    await kubectl("-n", "seam-system", "rollout", "restart", "daemonset/seam-agent");
    await agentsReady();
  });
  expect(numberAt(report, "transactions")).toBeGreaterThan(1000);
  expect(numberAt(report, "max_us")).toBeLessThan(CUT_US);
  expect([before, ""]).not.toContain(await agentPid("n3"));
}, 200_000);

/** What Seam has on a node: links, routes, neighbours, and records of the agent. */
async function footprint(node: string): Promise<readonly string[]> {
  const sh = async (script: string): Promise<string> =>
    (await labExec(name, node, ["sh", "-c", script])).stdout.trim();
  return [
    await sh("ip -o link | grep -o 'seam[0-9a-f]*@' | sort"),
    await sh("{ ip route; ip -6 route; } | grep 'dev seam' | sort"),
    await sh("ip neigh show nud permanent | grep 'dev seam' | sort"),
    await sh("curl -s localhost:9811/metrics | grep ^seam_pod_interfaces"),
    await sh("ls /run/netns | wc -l"),
  ];
}

/** Those that have a namespace of their own, and change nothing beside it, go on at the same time. */
test.concurrent.each([
  { guide: "first-experiment.md", shown: "experiment lab-a/two-tier is Ready" },
  { guide: "two-nodes.md", shown: "exceeded quota: seam" },
  { guide: "incast.md", shown: "receiver" },
  { guide: "chain.md", shown: "no way past the box" },
  { guide: "scheduled.md", shown: "Expired" },
  { guide: "library.md", shown: "suspended: true" },
  {
    guide: "projects.md",
    shown: "limited: requests.cpu, requests.memory, pods, requests.nvidia.com/gpu",
  },
])("the commands of $guide work as written", followGuide, 280_000);

test.each([
  { guide: "command-line.md", shown: "the command ended with 3" },
  { guide: "lab.md", shown: "add p50" },
  { guide: "operate.md", shown: "node n2 is as it should be" },
  { guide: "policies.md", shown: "5432/TCP -> -" },
])("the commands of $guide work as written", followGuide, 280_000);

async function followGuide({ guide, shown }: { guide: string; shown: string }): Promise<void> {
  expect(await runGuide(guide, name)).toContain(shown);
}

test("seam exec gives a command a terminal that has and follows the size of ours", async () => {
  const sized = (size: string): string =>
    `until [ "$(stty size)" = "${size}" ]; do sleep 0.2; done`;
  const inside = `${sized("33 91")}; echo ready; read word; echo "got $word"; ${sized("40 100")}; exit 5`;
  const folder = mkdtempSync("/tmp/seam-test-terminal-");
  const [script, sign] = [path.join(folder, "script"), path.join(folder, "resize")];
  const resize = `(until [ -e ${sign} ]; do sleep 0.2; done; stty cols 100 rows 40 < /dev/tty) &`;
  const program = `${path.join(root, "bin/seam")} exec ${clients[0]!.name} -n first -t`;
  const call = `${program} --kubeconfig ${kubeconfig} -- sh -c '${inside}'`;
  writeFileSync(script, `stty cols 91 rows 33\n${resize}\n${call}\n`);
  const flags = ["--quiet", "--return", "--command", `bash ${script}`, "/dev/null"];
  const terminal = spawn("script", flags, { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(terminal, "close");
  let output = "";
  terminal.stdout.on("data", (part) => (output += String(part)));
  await expect.poll(() => output, { timeout: PATIENCE_MS }).toContain("ready");
  terminal.stdin.write("hello\n");
  await expect.poll(() => output, { timeout: PATIENCE_MS }).toContain("got hello");
  writeFileSync(sign, "");
  expect(await ended).toEqual([5, null]);
  rmSync(folder, { recursive: true });
}, 200_000);

test("an existing cluster is used instead of a lab", async () => {
  const program = path.join(root, "tools/start.ts");
  const { stdout } = await execute(process.execPath, [program, "--kubeconfig", kubeconfig], {
    cwd: root,
  });
  expect(stdout).not.toContain("seam lab up");
  expect(stdout).toMatch(/client-0 +server-0 +IPv6/);
}, 200_000);

test("seam bench cni prints its document and leaves nothing", async () => {
  const before = await footprint("n2");
  const flags = ["--name", name, "--rounds", "2", "--samples", "3", "--json"];
  const { stdout } = await execute(path.join(root, "bin/seam"), ["bench", "cni", ...flags]);
  expect(JSON.parse(stdout)).toMatchObject({
    name: "cni",
    cases: [
      "add p50",
      "add p99",
      "del p50",
      "del p99",
      "add cpu p50",
      "add cpu p99",
      "del cpu p50",
      "del cpu p99",
    ].map((each) => ({
      case: each,
      unit: "ms",
      better: "lower",
      seam: { n: 6 },
      peerResult: { n: 6 },
    })),
  });
  expect(await footprint("n2")).toEqual(before);
}, 200_000);

test("a node that died comes back with its pods on the network", async () => {
  const dead = (await labStatus(name)).processes.find((each) => each.name === "n3")!;
  process.kill(dead.pid!, "SIGKILL");
  const flags = ["lab", "up", "--name", name];
  expect((await execute(path.join(root, "bin/seam"), flags)).stdout).toContain("node n3 started");
  const client = clients.find(({ node }) => node === "n2")!.name;
  const server = servers.find(({ node }) => node === "n3")!.name;
  const host = `${server}.server.first.svc.cluster.local`;
  await expect
    .poll(async () => transactions(client, host), { timeout: 60_000, interval: 1000 })
    .toBeGreaterThan(100);
}, 200_000);

test("a deleted experiment and project leave nothing", async () => {
  await seam("delete", "--filename", path.join(root, "examples/first-experiment"));
  expect(await kubectl("get", "namespaces", "-o", "name")).not.toContain("namespace/first");
  for (const node of nodes) {
    const { stdout } = await labExec(name, node, ["sh", "-c", "ip route; ip -6 route"]);
    for (const { addresses } of [...servers, ...clients])
      for (const address of addresses) expect(stdout).not.toContain(`${address} dev`);
  }
}, 200_000);
