/**
 * Runs inside a lab node: calls Seam's plug-in and the reference chain in turn, as a container runtime
 * would, each time for a fresh network namespace, and prints the samples as JSON. Arguments: folder of the
 * reference plug-ins, rounds, samples of each round, pid of the agent.
 */
import { childrenCpu } from "@seam/kernel";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync } from "node:fs";

import type { CniSamples } from "./cni.ts";

type Json = { readonly [key: string]: unknown };
type Plugin = { readonly path: string; readonly config: Json };
type Chain = readonly Plugin[];
type Call = { readonly command: "ADD" | "DEL"; readonly id: string };

const [binFolder = "", rounds = "", samples = "", agentPid = ""] = process.argv.slice(2);
const dataDir = "/run/seam-bench";
// Not named like the links of pods, which are Seam's.
const bridge = "benchbridge0";

const seam: Chain = [{ path: "/opt/cni/bin/seam-cni", config: { name: "seam", type: "seam-cni" } }];

const reference: Chain = [
  {
    path: `${binFolder}/bridge`,
    config: {
      name: "bench",
      type: "bridge",
      bridge,
      isGateway: true,
      ipam: {
        type: "host-local",
        dataDir,
        ranges: [[{ subnet: "10.99.0.0/16" }], [{ subnet: "fd00:99::/64" }]],
        routes: [{ dst: "0.0.0.0/0" }, { dst: "::/0" }],
      },
    },
  },
  {
    path: `${binFolder}/portmap`,
    config: {
      name: "bench",
      type: "portmap",
      backend: "nftables",
      runtimeConfig: { portMappings: [] },
    },
  },
];

function must(argv: readonly string[]): void {
  const [program = "", ...parameters] = argv;
  const { status, stderr } = spawnSync(program, parameters, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${argv.join(" ")}: ${stderr}`);
}

/** One plug-in, run to its end; what it printed is the next one's prevResult. */
function execute({ path, config }: Plugin, { command, id }: Call, previous: unknown): unknown {
  const input = {
    cniVersion: "1.1.0",
    ...config,
    ...(previous === null ? {} : { prevResult: previous }),
  };
  const { status, stdout } = spawnSync(path, [], {
    input: JSON.stringify(input),
    encoding: "utf8",
    env: {
      CNI_COMMAND: command,
      CNI_CONTAINERID: id,
      CNI_NETNS: `/run/netns/${id}`,
      CNI_IFNAME: "eth0",
      CNI_PATH: binFolder,
      PATH: process.env["PATH"],
    },
  });
  if (status !== 0) throw new Error(`${path} ${command} ended with ${status}: ${stdout}`);
  const result: unknown = stdout === "" ? null : JSON.parse(stdout);
  return result;
}

/** DEL goes through the chain backwards and carries the result of ADD (specification section 3). */
function runChain(chain: Chain, call: Call, added: unknown): unknown {
  let result = added;
  for (const plugin of call.command === "ADD" ? chain : chain.toReversed()) {
    const answer = execute(plugin, call, result);
    if (call.command === "ADD") result = answer;
  }
  return result;
}

/** Processor time of the agent so far, in milliseconds (proc(5): schedstat counts nanoseconds). */
function agentCpu(): number {
  const folder = `/proc/${agentPid}/task`;
  const spent = readdirSync(folder).map((thread) =>
    Number(readFileSync(`${folder}/${thread}/schedstat`, "utf8").split(" ")[0]),
  );
  return spent.reduce((sum, each) => sum + each, 0) / 1e6;
}

type Sample = { readonly wall: number; readonly cpu: number; readonly result: unknown };

function measured(chain: Chain, call: Call, added: unknown): Sample {
  const cpuBefore = childrenCpu() + agentCpu();
  const started = performance.now();
  const result = runChain(chain, call, added);
  const wall = performance.now() - started;
  return { wall, cpu: childrenCpu() + agentCpu() - cpuBefore, result };
}

function sample(chain: Chain, id: string): { readonly add: Sample; readonly del: Sample } {
  must(["ip", "netns", "add", id]);
  try {
    const add = measured(chain, { command: "ADD", id }, null);
    return { add, del: measured(chain, { command: "DEL", id }, add.result) };
  } finally {
    must(["ip", "netns", "del", id]);
  }
}

function round(number: number): CniSamples {
  const pairs = Array.from({ length: Number(samples) }, (_, index) => ({
    seam: sample(seam, `bench-s-${number}-${index}`),
    peer: sample(reference, `bench-r-${number}-${index}`),
  }));
  const side = (name: "seam" | "peer", command: "add" | "del", figure: "wall" | "cpu"): number[] =>
    pairs.map((pair) => pair[name][command][figure]);
  const both = (command: "add" | "del", figure: "wall" | "cpu") => ({
    seam: side("seam", command, figure),
    peer: side("peer", command, figure),
  });
  return {
    add: both("add", "wall"),
    del: both("del", "wall"),
    addCpu: both("add", "cpu"),
    delCpu: both("del", "cpu"),
  };
}

try {
  // The first call of each side pays for what later ones find: the bridge, page caches.
  sample(seam, "bench-s-warm");
  sample(reference, "bench-r-warm");
  const all = Array.from({ length: Number(rounds) }, (_, index) => round(index));
  process.stdout.write(JSON.stringify(all));
} finally {
  spawnSync("ip", ["link", "del", bridge]);
  rmSync(dataDir, { recursive: true, force: true });
}
