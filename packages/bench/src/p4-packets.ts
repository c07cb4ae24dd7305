/**
 * Packets through the simulator, and programs checked by a process of their own. Packets are counted by processor time, which others
 * at work on the machine change little.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import {
  type Packet,
  parseStf,
  runStf,
  simulateFile,
  type SimulateOptions,
  type Switch,
} from "@seam/p4";
import { type Case, caseOf } from "./document.ts";

const root = path.join(import.meta.dirname, "../../..");
const textOf = (name: string): string => readFileSync(path.join(root, "examples/p4", name), "utf8");

/** A program with the entries of its test, and the test's packets. */
type Loaded = { readonly target: Switch; readonly packets: readonly Packet[] };

function load(name: string, mode: NonNullable<SimulateOptions["mode"]>): Loaded {
  const file = `${name}.p4`;
  const text = textOf(file);
  const made = simulateFile(file, {
    mode,
    sources: { read: (asked) => (asked === file ? text : undefined) },
  });
  const commands = parseStf(textOf(`${name}.stf`));
  if (!made.ok || !commands.ok) throw new Error(`${name} cannot be run`);
  const setUp = commands.value.filter(({ kind }) => kind !== "packet" && kind !== "expect");
  runStf(setUp, made.value);
  return {
    target: made.value,
    packets: commands.value.filter((each) => each.kind === "packet"),
  };
}

/** Packets of a second of processor time. */
function rate(count: number, handle: (index: number) => void): number {
  const before = process.cpuUsage();
  for (let index = 0; index < count; index += 1) handle(index);
  const { user, system } = process.cpuUsage(before);
  return Math.round(count / ((user + system) / 1_000_000));
}

function sending({ target, packets }: Loaded, count: number): number {
  return rate(count, (index) => {
    const packet = packets[index % packets.length];
    if (packet !== undefined) target.send(packet);
    if (index % 64 === 63) target.drain();
  });
}

/** What Node.js itself takes to copy the packets, which is the least that a switch does. */
function copying({ packets }: Loaded, count: number): number {
  return rate(count, (index) => {
    packets[index % packets.length]?.data.slice();
  });
}

const ROUNDS = 7;
const PACKETS = 20_000;

/** The packets of the router's and the access list's tests: all of them, valid, wrong and cut. */
export function packetCases(): readonly Case[] {
  return ["router", "acl"].flatMap((name) => {
    const [made, walked] = [load(name, "functions"), load(name, "tree")];
    sending(made, PACKETS);
    const rounds = Array.from({ length: ROUNDS }, () => ({
      seam: sending(made, PACKETS),
      tree: sending(walked, PACKETS / 10),
      copies: copying(made, PACKETS * 10),
    }));
    const against = (peer: string, of: "tree" | "copies"): Case =>
      caseOf(
        { what: `${name}: packets p50`, unit: "1/s", better: "higher", peer },
        "p50",
        rounds.map((round) => ({ seam: [round.seam], peer: [round[of]] })),
      );
    return [
      against("the simulator's walk through the tree", "tree"),
      against("copying each packet once", "copies"),
    ];
  });
}

const COLD_ROUNDS = 5;

function milliseconds(command: string, argv: readonly string[]): number {
  const start = performance.now();
  const { status } = spawnSync(command, argv, { cwd: root });
  if (status !== 0) throw new Error(`${command} ${argv.join(" ")} ended with ${status}`);
  return performance.now() - start;
}

/** `seam p4 check` of each program by a process of its own, against the start of Node.js itself. */
export function checkCases(files: readonly string[]): readonly Case[] {
  const seam = path.join(root, "bin/seam");
  const rounds = Array.from({ length: COLD_ROUNDS }, () => ({
    seam: files.map((file) => milliseconds(seam, ["p4", "check", file])),
    peer: files.map(() => milliseconds(process.execPath, ["-e", "0"])),
  }));
  return [
    caseOf(
      { what: "check, cold, p50", unit: "ms", better: "lower", peer: "node -e 0" },
      "p50",
      rounds,
    ),
  ];
}
