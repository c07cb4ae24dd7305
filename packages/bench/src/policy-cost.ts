/**
 * `seam bench policy-cost`: what a packet costs under one, a hundred and thousands of policies. Two pods of one node in namespaces of
 * their own exchange bytes over TCP by way of the node's stack, and what the kernel holds is what an agent would write. Peer: the same
 * under one policy. The numbers of policies take turns in every round, and who is first changes.
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { type Address, bytes, parseAddress } from "@seam/base";
import { createPolicyIntent } from "@seam/intent";
import {
  createPodInterface,
  hostDeviceName,
  openPolicyTable,
  type PolicyTable,
} from "@seam/kernel";
import type { PolicyState } from "@seam/state";

import { type BenchDocument, caseOf, environmentOf } from "./document.ts";

/** How often each number of policies is measured, and for how long. */
export type PolicyCostOptions = { readonly rounds: number; readonly seconds: number };

const COUNTS = [1, 100, 5000] as const;
/** How the rule that lets the client pass means it: by its labels, or by a block among all the others. */
const WAYS = ["a pod's rule", "a block's rule"] as const;
type Way = (typeof WAYS)[number];

const PORT = "5202";
const CLIENT = { name: "client", device: hostDeviceName("client", "eth0"), address: "10.244.0.1" };
const SERVER = { name: "server", device: hostDeviceName("server", "eth0"), address: "10.244.0.2" };
const root = path.resolve(import.meta.dirname, "../../..");

/** Runs the benchmark; needs root and a C compiler. */
export async function benchPolicyCost(options: PolicyCostOptions): Promise<BenchDocument> {
  const folder = mkdtempSync(path.join(tmpdir(), "seam-bench-"));
  const rr = path.join(folder, "rr");
  execFileSync("gcc", ["-O2", "-o", rr, path.join(root, "deploy/images/traffic/rr.c")]);
  using node = makeNode();
  const opened = openPolicyTable(node.path("node"));
  if (!opened.ok) throw new Error(opened.error.message);
  using table = opened.value;
  const serving = spawn("ip", node.inside("server", "taskset", "-c", "1", rr, "serve", PORT));
  try {
    await sleep(200);
    const ask = (): Asked =>
      asked(node.inside("client", "taskset", "-c", "0", rr), options.seconds);
    return measure(table, ask, options);
  } finally {
    serving.kill();
    rmSync(folder, { recursive: true });
  }
}

/** Round trips of a second, and the median of one, which other work beside it disturbs less. */
type Asked = { readonly perSecond: number; readonly medianUs: number };

const MEASURED = [
  { what: "round trips", unit: "1/s", better: "higher", of: ({ perSecond }: Asked) => perSecond },
  { what: "a round trip", unit: "us", better: "lower", of: ({ medianUs }: Asked) => medianUs },
] as const;

function measure(table: PolicyTable, ask: () => Asked, options: PolicyCostOptions): BenchDocument {
  const cases = WAYS.flatMap((way) => {
    const states = COUNTS.map((count) => stateOf(way, count));
    const rounds = Array.from({ length: options.rounds }, (_, round) => {
      const answers = new Map<number, Asked>();
      for (const turn of COUNTS.keys()) {
        const at = (turn + round) % COUNTS.length;
        const [state, count] = [states[at], COUNTS[at]];
        if (state === undefined || count === undefined) continue;
        const written = table.rewrite(state);
        if (!written.ok) throw new Error(written.error.message);
        answers.set(count, ask());
      }
      return answers;
    });
    return COUNTS.slice(1).flatMap((count) =>
      MEASURED.map(({ what, of, ...names }) => {
        const at = (answers: ReadonlyMap<number, Asked>, which: number): readonly number[] => {
          const found = answers.get(which);
          return found === undefined ? [] : [of(found)];
        };
        return caseOf(
          { ...names, what: `${what}, ${way}, ${count} policies`, peer: "1 policy" },
          "p50",
          rounds.map((answers) => ({ seam: at(answers, count), peer: at(answers, 1) })),
        );
      }),
    );
  });
  return { name: "policy-cost", environment: environmentOf(options), cases };
}

function asked([ip = "", ...argv]: readonly string[], seconds: number): Asked {
  const command = [...argv, "ask", SERVER.address, PORT, "--seconds", String(seconds)];
  const report: unknown = JSON.parse(execFileSync("ip", [ip, ...command]).toString());
  const at = (key: string): number =>
    typeof report === "object" && report !== null ? Number(Reflect.get(report, key)) : 0;
  return { perSecond: at("transactions") / seconds, medianUs: at("p50_us") };
}

/** What an agent would write: so many policies select the server, each with a block of its own; the last lets the client in. */
function stateOf(way: Way, count: number): PolicyState {
  const intent = createPolicyIntent();
  intent.setNamespace("bench", {});
  for (const { name, device, address } of [CLIENT, SERVER]) {
    const addresses = [addressAt(address)];
    const isKnown = name === "server" || way === "a pod's rule";
    const pod = {
      namespace: "bench",
      uid: name,
      labels: { name },
      addresses,
      serviceAccount: "default",
      hostNetwork: false,
      ports: [],
    };
    if (isKnown) intent.setPod(`bench/${name}`, pod);
    intent.setEndpoint(device, {
      addresses,
      pod: isKnown ? { key: `bench/${name}`, uid: "" } : null,
    });
  }
  for (let index = 0; index < count; index += 1)
    intent.setPolicy(`bench/p${index}`, policy(index === count - 1 ? lastPeer(way) : block(index)));
  intent.takeChange();
  return intent.state();
}

const lastPeer = (way: Way): object =>
  way === "a pod's rule"
    ? { podSelector: { matchLabels: { name: "client" } } }
    : { ipBlock: { cidr: "10.244.0.0/24" } };

const block = (index: number): object => ({
  ipBlock: { cidr: `11.${index >> 8}.${index & 255}.0/24` },
});

const policy = (peer: object): object => ({
  spec: { podSelector: { matchLabels: { name: "server" } }, ingress: [{ from: [peer] }] },
});

function addressAt(text: string): Address {
  const parsed = parseAddress(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

type BenchNode = Disposable & {
  readonly path: (name: string) => string;
  /** Arguments of `ip` that run a command in a namespace. */
  readonly inside: (name: string, ...command: readonly string[]) => readonly string[];
};

/** A node and two pods; disposing of it leaves nothing. */
function makeNode(): BenchNode {
  const prefix = `seam-bench-${process.pid}`;
  const names = ["node", CLIENT.name, SERVER.name];
  const ip = (...argv: readonly string[]): void => void execFileSync("ip", argv);
  const at = (name: string): string => `/run/netns/${prefix}-${name}`;
  for (const name of names) {
    ip("netns", "add", `${prefix}-${name}`);
    ip("-n", `${prefix}-${name}`, "link", "set", "lo", "up");
  }
  ip("netns", "exec", `${prefix}-node`, "sysctl", "-qw", "net.ipv4.ip_forward=1");
  for (const { name, device, address } of [CLIENT, SERVER]) {
    const made = createPodInterface({
      podNetns: at(name),
      hostNetns: at("node"),
      hostDevice: device,
      podDevice: "eth0",
      addresses: [addressAt(address)],
      mtu: bytes(1500),
    });
    if (!made.ok) throw new Error(made.error.message);
  }
  return {
    path: at,
    inside: (name, ...command) => ["netns", "exec", `${prefix}-${name}`, ...command],
    [Symbol.dispose]: () => {
      for (const name of names) ip("netns", "del", `${prefix}-${name}`);
    },
  };
}
