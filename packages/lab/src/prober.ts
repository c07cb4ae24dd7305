/**
 * Programs that stand in the networks of a lab's pods: they answer, and ask each other what they are told to. The pods are real, made by
 * kubelet and attached by CNI; what runs in them is a program of this machine, because no image has one that asks hundreds of
 * questions at once.
 */
import { type ChildProcessByStdio, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";

import { proberProgram } from "./prober-program.ts";

/** A question: does this answer? By ICMP an echo is asked for, three times. */
export type Probe =
  | { readonly protocol: "TCP" | "UDP"; readonly address: string; readonly port: number }
  | { readonly protocol: "ICMP"; readonly address: string };

/** A program in the network of a pod. */
export type Prober = AsyncDisposable & {
  /** Which of the probes were answered within `patienceMs`, all asked at once. */
  readonly ask: (probes: readonly Probe[], patienceMs: number) => Promise<readonly boolean[]>;
  /**
   * Asks every address each millisecond for so long, by UDP on the first of the ports; for each when answers came, in milliseconds of
   * the monotonic clock (clock_gettime(2)), which all processes of a machine share.
   */
  readonly follow: (
    addresses: readonly string[],
    durationMs: number,
  ) => Promise<readonly (readonly number[])[]>;
  /** Sends over one TCP connection to each address, `perSecond` times a second in all, and waits for the end. */
  readonly converse: (addresses: readonly string[], load: Load) => Promise<LoadReport>;
  /**
   * Sends UDP and tries to connect by TCP, `perSecond` times a second in all, and asks each address for 20 echoes a second, until the
   * time is over or `until` is settled. Refused connections count as answered.
   */
  readonly press: (
    addresses: readonly string[],
    load: Load & { readonly until?: Promise<unknown> },
  ) => Promise<LoadReport>;
  /** How many datagrams and connections of each address have come here, over all ports. */
  readonly heard: () => Promise<ReadonlyMap<string, number>>;
};

/** How long and how often. */
type Load = { readonly durationMs: number; readonly perSecond: number };

/** What became of a load: how much was sent, what came back, and connections that ended before their time. */
export type LoadReport = {
  readonly sent: number;
  readonly answered: number;
  readonly cut: number;
};

/** Milliseconds of the monotonic clock. */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6;

type Child = ChildProcessByStdio<Writable, Readable, null>;

/** Starts a program in the network of the lab's pod that has this address. */
export async function startProber(lab: string, address: string): Promise<Prober> {
  const network = `--net=/proc/${processIn(lab, address)}/ns/net`;
  const child: Child = spawn("nsenter", [network, process.execPath, "-e", proberProgram], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout });
  const answers = lines[Symbol.asyncIterator]();
  const readAnswer = async (): Promise<string> => {
    const line = await answers.next();
    if (line.done === true) throw new Error(`the program in the network of ${address} ended`);
    return line.value;
  };
  await readAnswer();
  let turn: Promise<unknown> = Promise.resolve();
  /** One question at a time. */
  const ask = async (question: object): Promise<readonly unknown[]> => {
    const asked = turn.then(async () => {
      child.stdin.write(`${JSON.stringify(question)}\n`);
      const answered: unknown = JSON.parse(await readAnswer());
      return Array.isArray(answered) ? answered : [];
    });
    turn = asked.catch(() => undefined);
    return asked;
  };
  const stop = (): void => void child.stdin.write(`${JSON.stringify({ what: "stop" })}\n`);
  return {
    ask: async (probes, patienceMs) =>
      (await ask({ what: "probe", probes, patience: patienceMs })).map((each) => each === true),
    follow: async (addresses, durationMs) =>
      (await ask({ what: "follow", addresses, duration: durationMs })).map((each) =>
        Array.isArray(each) ? each.map(Number) : [],
      ),
    converse: async (addresses, load) => loaded(await ask({ what: "converse", addresses, load })),
    press: async (addresses, { until, ...load }) => {
      until?.then(stop, stop);
      return loaded(await ask({ what: "press", addresses, load }));
    },
    heard: async () =>
      new Map(
        (await ask({ what: "heard" })).map((each) =>
          Array.isArray(each) ? [String(each[0]), Number(each[1])] : ["", 0],
        ),
      ),
    [Symbol.asyncDispose]: async () => {
      const ended = once(child, "exit");
      child.stdin.end();
      await ended;
    },
  };
}

const loaded = ([sent, answered, cut]: readonly unknown[]): LoadReport => ({
  sent: Number(sent),
  answered: Number(answered),
  cut: Number(cut),
});

/** How many datagrams and connections of these addresses have come to all the listeners together. */
export async function heardOf(
  addresses: readonly string[],
  listeners: readonly Pick<Prober, "heard">[],
): Promise<number> {
  const all = await Promise.all(listeners.map(async (each) => each.heard()));
  return all
    .flatMap((heard) => addresses.map((address) => heard.get(address) ?? 0))
    .reduce((sum, count) => sum + count, 0);
}

/** A process of the lab in whose network the address is. */
function processIn(lab: string, address: string): number {
  const seen = new Set<string>();
  for (const pid of readdirSync("/proc").filter((each) => /^\d+$/.test(each))) {
    const network = networkOf(lab, pid);
    if (network === null || seen.has(network)) continue;
    seen.add(network);
    if (addressesIn(pid).includes(address)) return Number(pid);
  }
  throw new Error(`lab ${lab} has no pod with the address ${address}`);
}

/** Processes come and go; those of pods stand in cgroups of the lab. */
function networkOf(lab: string, pid: string): string | null {
  try {
    const isOurs = readFileSync(`/proc/${pid}/cgroup`, "utf8").includes(`/seam-${lab}/`);
    return isOurs ? readlinkSync(`/proc/${pid}/ns/net`) : null;
  } catch {
    return null;
  }
}

function addressesIn(pid: string): readonly string[] {
  try {
    const show = [`--net=/proc/${pid}/ns/net`, "ip", "-o", "addr", "show", "dev", "eth0"];
    const text = execFileSync("nsenter", show, { stdio: "pipe" }).toString();
    return [...text.matchAll(/inet6? ([\da-f.:]+)\//g)].map(([, found = ""]) => found);
  } catch {
    return [];
  }
}
