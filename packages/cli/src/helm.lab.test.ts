/**
 * Seam by Helm on a real cluster (issue 4, section 2): installed, upgraded, rolled back and uninstalled, each under 1,000 round
 * trips per second and family over connections that were open before, of which none may be lost.
 */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

import { goTools, grpcurlTools, labDown, labImage, loadImage } from "@seam/lab";
import { afterAll, beforeAll, expect, test } from "vitest";

import { openApi } from "./api-door.fixture.ts";
import { chart, fileOf } from "./chart.fixture.ts";
import { runGuide } from "./guide.fixture.ts";
import { CUT_US, PATIENCE_MS, testLab } from "./lab.fixture.ts";
import { from, policyAbout, type Pressed, pressedDuring } from "./pressed.fixture.ts";

const lab = testLab("seam-test-helm");
const nodes = ["n1", "n2"] as const;
const RATE = 1000;
const NEXT = "localhost/seam/seam:next";
const SLEEP = ["sleep", "infinity"] as const;
/** Pods of whom nothing is heard, and who hear nothing. */
const SHUT = ["shut-n1", "shut-n2"] as const;
const execute = promisify(execFile);
const { kubectl, onNode } = lab;
let image = "";
let trusted = "";

async function helm(command: string, ...argv: readonly string[]): Promise<string> {
  const program = `${process.env["SEAM_HELM_BIN"] ?? "SEAM_HELM_BIN names the folder of Helm"}/helm`;
  const where = [`--kubeconfig=${lab.kubeconfig}`, "--namespace", "seam-system"];
  return (await execute(program, [command, ...argv, ...where])).stdout;
}

const install = ["seam", chart, "--create-namespace", "--wait", "--timeout", "2m"] as const;
const wait = ["--wait", "--timeout", "2m"] as const;

const pod = (
  name: string,
  node: string,
  { command, app = name }: { readonly command: readonly string[]; readonly app?: string },
): object => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace: "default", labels: { app } },
  spec: {
    nodeName: node,
    terminationGracePeriodSeconds: 0,
    containers: [
      {
        name: "c",
        image: "localhost/seam/traffic:dev",
        command,
        resources: { requests: { cpu: "100m" } },
      },
    ],
  },
});

async function ready(...pods: readonly string[]): Promise<void> {
  const names = pods.map((each) => `pod/${each}`);
  await kubectl("wait", "--for=condition=Ready", ...names, "--timeout=120s");
}

beforeAll(async () => {
  image = (await labImage("seam", await goTools())).reference;
  await labDown(lab.name);
  await lab.seam("lab", "up", "--nodes", "2");
  await kubectl("wait", "--for=create", "serviceaccount/default", "--timeout=90s");
  await lab.apply(
    pod("ask", "n1", { command: SLEEP }),
    pod("answer", "n2", { command: ["rr", "serve", "5202"] }),
    ...nodes.map((node) => pod(`shut-${node}`, node, { command: SLEEP, app: "shut" })),
  );
  await ready("ask", "answer", ...SHUT);
  for (const node of nodes)
    await onNode(node, `${await goTools()}/ctr -n k8s.io images tag ${image} ${NEXT}`);
}, 300_000);

afterAll(async () => labDown(lab.name), 60_000);

type Report = {
  readonly seconds: number;
  readonly transactions: number;
  readonly max_us: number;
};

/** Longer than any of the works, which end the traffic. */
const LIMIT_S = 120;

/** How many programs ask, seen from the node of their pod. */
const asking = async (): Promise<string> => onNode("n1", "pgrep -cf '^rr ask'");

/** Works while both families' round trips go on; fails when one of them is lost or a connection is cut. */
async function underLoad(what: string, work: () => Promise<void>): Promise<void> {
  const addresses = await lab.podAddresses("answer");
  expect(addresses).toHaveLength(2);
  const pace = ["--seconds", String(LIMIT_S), "--rate", String(RATE)];
  const traffic = addresses.map(async (address): Promise<Report> =>
    JSON.parse(await lab.inPod("ask", "rr", "ask", address, "5202", ...pace)),
  );
  await expect.poll(asking, { timeout: PATIENCE_MS, interval: 100 }).toBe("2");
  const started = performance.now();
  await work();
  const worked = (performance.now() - started) / 1000;
  // What the work left undone would be seen in the moments after it.
  await sleep(2000);
  await onNode("n1", "pkill -INT -f '^rr ask'");
  for (const { seconds, transactions, max_us } of await Promise.all(traffic)) {
    const gap = `longest round trip ${(max_us / 1000).toFixed(0)} ms`;
    process.stdout.write(
      `helm: ${what}: ${worked.toFixed(1)} s, ${transactions} round trips, 0 lost, ${gap}\n`,
    );
    // Else what came after the traffic was not measured.
    expect(seconds).toBeGreaterThan(worked);
    // Late ones are made up for, but for those that are due while the last one is under way.
    expect(transactions).toBeGreaterThan(RATE * (seconds - max_us / 1e6) * 0.98);
    expect(max_us).toBeLessThan(CUT_US);
  }
}

const plugin = async (node: string): Promise<string> =>
  onNode(node, "ls /opt/cni/bin/seam-cni /etc/cni/net.d/05-seam.conflist 2>/dev/null || true");

const INSTALLED = "/etc/cni/net.d/05-seam.conflist\n/opt/cni/bin/seam-cni";

async function expectPlugin(wanted: string): Promise<void> {
  for (const node of nodes)
    await expect.poll(async () => plugin(node), { timeout: PATIENCE_MS }).toBe(wanted);
}

/** Seam is gone from API and nodes, but for its kinds; no node takes pods, and those that run talk. */
async function expectGone(): Promise<void> {
  await expectPlugin("");
  const all = "daemonsets,deployments,pods,roles,rolebindings,clusterroles,clusterrolebindings";
  const ours = ["-A", "-l", "app.kubernetes.io/part-of=seam", "-o", "name"];
  // Helm does not wait for pods, which go after what made them.
  await expect
    .poll(async () => kubectl("get", all, ...ours), { timeout: 60_000, interval: 500 })
    .toBe("");
  expect(await kubectl("get", "crd", "-o", "name")).toContain("experiments.seam.ucsd.edu");
  const conditions =
    "jsonpath={range .items[*]}{.status.conditions[?(@.type=='Ready')].status} {end}";
  await expect
    .poll(async () => kubectl("get", "nodes", "-o", conditions), { timeout: 60_000 })
    .toBe("False False");
}

/** Images of Seam's own containers that run; upstream's scheduler has another. */
async function imagesOf(): Promise<ReadonlySet<string>> {
  const running = ["--field-selector=status.phase=Running", "-o"];
  const images = "jsonpath={.items[*].spec.containers[*].image}";
  const found = await kubectl("-n", "seam-system", "get", "pods", ...running, images);
  return new Set(found.split(" ").filter((each) => !each.includes("/kube-scheduler:")));
}

/** All of Seam runs with an image, and pods can be made and deleted on every node. */
async function expectWorking(wanted: string): Promise<void> {
  await expect.poll(imagesOf, { timeout: 30_000 }).toEqual(new Set([wanted]));
  await expectPlugin(INSTALLED);
  await kubectl("wait", "--for=condition=Ready", "nodes", "--all", "--timeout=120s");
  const brief = nodes.map((node) => `brief-${node}`);
  await lab.apply(...nodes.map((node) => pod(`brief-${node}`, node, { command: SLEEP })));
  await ready(...brief);
  await kubectl("delete", "pod", ...brief, "--timeout=120s");
}

/** The doctor finds nothing missing, once the controller is Ready as well. */
async function expectComplete(): Promise<void> {
  const doctor = async (): Promise<string> =>
    lab.seam("doctor", "cluster").catch(({ stdout }) => String(stdout));
  await expect.poll(doctor, { timeout: 30_000, interval: 500 }).toContain("nothing is missing");
}

/** What clients of the server trust; with it grpcurl on a node reaches the server. */
async function authorityThatServes(): Promise<string> {
  const map = ["get", "configmap", "seam-server-ca", "-o", "jsonpath={.data.ca\\.crt}"];
  const authority = await kubectl("-n", "seam-system", ...map);
  const service = ["get", "service", "seam-server", "-o", "jsonpath={.spec.clusterIP}"];
  const address = `${await kubectl("-n", "seam-system", ...service)}:9820`;
  const program = `${await grpcurlTools()}/grpcurl`;
  const ask = `${program} -cacert /dev/stdin -authority seam-server.seam-system ${address} list`;
  await expect
    .poll(async () => onNode("n1", `${ask} 2>&1 <<'END'\n${authority}\nEND`), {
      timeout: PATIENCE_MS,
    })
    .toContain("seam.v1.Policy");
  return authority;
}

test("seam uninstall takes the plug-in from all nodes, and pods talk on", async () => {
  await underLoad("seam uninstall", async () => {
    expect(await lab.seam("uninstall")).toMatch(
      /^DaemonSet seam-agent deleted$[^]*^Namespace seam-system deleted$/m,
    );
    await expectGone();
  });
  expect(await lab.seam("uninstall")).toContain("DaemonSet seam-agent was not there");
}, 200_000);

test("helm install takes over the pods that run, without privileged containers", async () => {
  await underLoad("helm install", async () => {
    // The kinds stayed, and are not Helm's yet.
    await helm("install", ...install, "--take-ownership", "--set", `image=${image}`);
  });
  await expectWorking(image);
  // CAP_NET_ADMIN (12) and CAP_SYS_ADMIN (21), and no way to get more.
  const agent = "/proc/$(pgrep -f /seam/agent.js | head -1)/status";
  expect(await onNode("n1", `grep -E '^(CapBnd|CapEff|NoNewPrivs|Seccomp):' ${agent}`)).toBe(
    "CapEff:\t0000000000201000\nCapBnd:\t0000000000201000\nNoNewPrivs:\t1\nSeccomp:\t2",
  );
  await expectComplete();
  trusted = await authorityThatServes();
  await expect(lab.seam("install", "--image", image)).rejects.toThrow(
    "Helm has installed Seam here; use: helm upgrade seam --namespace seam-system",
  );
}, 200_000);

const upgradeTo = async (to: string, ...how: readonly string[]): Promise<string> =>
  helm("upgrade", "seam", chart, "--reset-then-reuse-values", "--set", `image=${to}`, ...how);

/** What is pressed from and against pods that policies shut. */
async function pressed(work: () => Promise<void>): Promise<Pressed> {
  const at = async (...pods: readonly string[]): Promise<readonly string[]> =>
    (await Promise.all(pods.map(async (each) => lab.podAddresses(each)))).flat();
  const against = { ask: await at(...SHUT), [SHUT[0]]: await at("ask", "answer") };
  return pressedDuring(lab, { against, listeners: ["ask", "answer", ...SHUT] }, work);
}

async function nothingDeniedPasses(what: string, work: () => Promise<void>): Promise<void> {
  const { sent, answered, delivered } = await pressed(work);
  process.stdout.write(`helm: ${what}: ${delivered} of ${sent} denied delivered\n`);
  expect(sent).toBeGreaterThan(1000);
  expect({ answered, delivered }).toEqual({ answered: 0, delivered: 0 });
}

test("an upgrade to another image, and the way back, lose no round trip of 1,000 per second, and nothing denied passes (S5)", async () => {
  await lab.apply(
    policyAbout("answer", { ingress: [from("ask")] }),
    policyAbout("shut", { policyTypes: ["Ingress", "Egress"] }),
  );
  await nothingDeniedPasses("upgrade and rollback", async () => {
    await underLoad("helm upgrade", async () => {
      await upgradeTo(NEXT, ...wait);
    });
    await expectWorking(NEXT);
    await underLoad("helm rollback", async () => {
      await helm("rollback", "seam", ...wait);
    });
    await expectWorking(image);
  });
  // Neither way makes another certificate.
  expect(await authorityThatServes()).toBe(trusted);
  const history: readonly { readonly status: string }[] = JSON.parse(
    await helm("history", "seam", "-o", "json"),
  );
  expect(history.map(({ status }) => status)).toEqual(["superseded", "superseded", "deployed"]);
}, 300_000);

test("an upgrade to an image that does not exist can be rolled back, no node loses its network, and nothing denied passes", async () => {
  await nothingDeniedPasses("an upgrade that fails", async () => {
    await expect(
      upgradeTo("localhost/seam/seam:none", "--wait", "--timeout", "10s"),
    ).rejects.toThrow(/not ready|deadline|timed out|timeout/i);
    await expectPlugin(INSTALLED);
    await helm("rollback", "seam", ...wait);
    await expectWorking(image);
  });
  const open = await pressed(async () => {
    await kubectl("delete", "networkpolicy", "shut", "answer");
    await sleep(1000);
  });
  // Else nothing would have told.
  expect(open.answered).toBeGreaterThan(0);
  expect(open.delivered).toBeGreaterThan(0);
}, 200_000);

const API_NEXT = "localhost/seam/server:next";

test("S13, S14: the API's history and accounts outlive upgrade, rollback and its pod, which is restricted", async () => {
  const server = await labImage("server", await goTools());
  await loadImage(lab.name, server.archive, ["n1"]);
  const tag = `${await goTools()}/ctr -n k8s.io images tag ${server.reference} ${API_NEXT}`;
  await onNode("n1", tag);
  const withApi = (reference: string): Promise<string> =>
    upgradeTo(
      image,
      "--set",
      `api.enabled=true,api.storage.node=n1,api.image=${reference}`,
      ...wait,
    );
  await withApi(server.reference);
  const policy = {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: "kept" },
    spec: { podSelector: { matchLabels: { app: "none" } } },
  };
  const where = "/api/v1/projects/default/policies/kept";
  let token = "";
  {
    await using door = await openApi(lab);
    ({ token } = door);
    expect(await door.call(token, { method: "PUT", where, body: policy })).toMatchObject({
      revision: 1,
    });
  }
  const expectKept = async (): Promise<void> => {
    await using door = await openApi(lab);
    // The first start's log went with its pod, and the token is told once.
    expect(door.said).toContain("exec deployment/seam-api -- seam token");
    const { items } = Object(
      await door.call(token, { method: "GET", where: `${where}/revisions` }),
    );
    expect(items).toMatchObject([{ number: 1, author: "admin" }]);
  };
  await withApi(API_NEXT);
  await expectKept();
  await helm("rollback", "seam", ...wait);
  await expectKept();
  const another = await kubectl(
    "-n",
    "seam-system",
    "exec",
    "deployment/seam-api",
    "--",
    "seam",
    "token",
  );
  await using door = await openApi(lab);
  expect(await door.call(another, { method: "GET", where: "/api/v1/session" })).toMatchObject({
    user: "admin",
  });
  const level = "pod-security.kubernetes.io/enforce=restricted";
  const label = ["label", "namespace", "seam-system", level, "--overwrite", "--dry-run=server"];
  const program = `${await goTools()}/kubectl`;
  const { stderr } = await execute(program, [`--kubeconfig=${lab.kubeconfig}`, ...label]);
  // Of agents it is told; so it would be of the API's pod.
  expect(stderr).toContain("seam-agent-");
  expect(stderr).not.toContain("seam-api-");
  await kubectl("delete", "networkpolicy", "kept");
}, 300_000);

test("helm uninstall takes the plug-in from all nodes, and pods talk on", async () => {
  await underLoad("helm uninstall", async () => {
    expect(await helm("uninstall", "seam", ...wait)).toContain("uninstalled");
    await expectGone();
  });
}, 200_000);

test("the single file installs Seam, and its pods are all known again", async () => {
  const file = readFileSync(fileOf("deploy/seam.yaml"), "utf8").replaceAll("SEAM_IMAGE", image);
  const applying = execute(`${await goTools()}/kubectl`, [
    `--kubeconfig=${lab.kubeconfig}`,
    "apply",
    "--server-side",
    "--force-conflicts",
    "-f",
    "-",
  ]);
  applying.child.stdin?.end(file);
  await applying;
  await kubectl("-n", "seam-system", "rollout", "status", "daemonset/seam-agent", "--timeout=90s");
  await expectWorking(image);
  await expectComplete();
  await kubectl("delete", "pod", "ask", "answer", ...SHUT, "--timeout=120s");
  for (const node of nodes) {
    const counted = "curl -s localhost:9811/metrics | grep ^seam_pod_interfaces";
    const links = "ip -o link | grep -c 'seam[0-9a-f]*@' || true";
    await expect
      .poll(
        async () => (await onNode(node, counted)).split(" ")[1] === (await onNode(node, links)),
        {
          timeout: PATIENCE_MS,
        },
      )
      .toBe(true);
  }
}, 200_000);

test("the commands of the guide work as written", async () => {
  expect(await runGuide("install.md", lab.name)).toContain(`seam.tar holds ${image}`);
}, 200_000);
