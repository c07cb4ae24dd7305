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

/** A question: does this answer? */
export type Probe = {
  readonly protocol: "TCP" | "UDP";
  readonly address: string;
  readonly port: number;
};

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
};

/** Milliseconds of the monotonic clock. */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6;

/** Ports on which every prober answers, TCP and UDP. */
export const PROBED_PORTS = [80, 81, 443, 8080] as const;

/** TCP is answered by the connection alone; UDP is asked again ten times a second, since nothing else would. */
const program = `const net = require("node:net"), dgram = require("node:dgram");
const ports = ${JSON.stringify(PROBED_PORTS)};
let waiting = 2 * ports.length;
const ready = () => --waiting === 0 && console.log("ready");
for (const port of ports) {
  net.createServer((c) => c.on("error", () => {}).end()).listen(port, "::", ready);
  const udp = dgram.createSocket("udp6").bind(port, ready);
  udp.on("message", (data, { address, port: to }) => udp.send(data, to, address, () => {}));
}
function tcp({ address: host, port }, patience) {
  return new Promise((done) => {
    const socket = net.connect({ host, port });
    const end = (answer) => { socket.destroy(); clearTimeout(timer); done(answer); };
    const timer = setTimeout(end, patience, false);
    socket.on("connect", () => end(true)).on("error", () => {});
  });
}
function udp({ address, port }, patience) {
  return new Promise((done) => {
    const socket = dgram.createSocket(address.includes(":") ? "udp6" : "udp4").on("error", () => {});
    const say = () => socket.send("x", port, address, () => {});
    const again = setInterval(say, 100);
    const end = (answer) => { clearInterval(again); clearTimeout(timer); socket.close(); done(answer); };
    const timer = setTimeout(end, patience, false);
    socket.on("message", () => end(true));
    say();
  });
}
function follow(address, duration) {
  return new Promise((done) => {
    const socket = dgram.createSocket(address.includes(":") ? "udp6" : "udp4").on("error", () => {});
    const came = [];
    socket.on("message", () => came.push(Number(process.hrtime.bigint()) / 1e6));
    const again = setInterval(() => socket.send("x", ports[0], address, () => {}), 1);
    setTimeout(() => { clearInterval(again); socket.close(); done(came); }, duration);
  });
}
require("node:readline").createInterface({ input: process.stdin }).on("line", async (line) => {
  const { probes, patience, addresses, duration } = JSON.parse(line);
  const asked = addresses === undefined
    ? probes.map((probe) => (probe.protocol === "TCP" ? tcp : udp)(probe, patience))
    : addresses.map((address) => follow(address, duration));
  console.log(JSON.stringify(await Promise.all(asked)));
}).on("close", () => process.exit(0));`;

type Child = ChildProcessByStdio<Writable, Readable, null>;

/** Starts a program in the network of the lab's pod that has this address. */
export async function startProber(lab: string, address: string): Promise<Prober> {
  const network = `--net=/proc/${processIn(lab, address)}/ns/net`;
  const child: Child = spawn("nsenter", [network, process.execPath, "-e", program], {
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
  return {
    ask: async (probes, patienceMs) =>
      (await ask({ probes, patience: patienceMs })).map((each) => each === true),
    follow: async (addresses, durationMs) =>
      (await ask({ addresses, duration: durationMs })).map((each) =>
        Array.isArray(each) ? each.map(Number) : [],
      ),
    [Symbol.asyncDispose]: async () => {
      const ended = once(child, "exit");
      child.stdin.end();
      await ended;
    },
  };
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
