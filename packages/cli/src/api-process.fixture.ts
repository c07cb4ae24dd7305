/** `seam server` as a process in front of a real API server, which can be ended and started again. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileOf } from "./chart.fixture.ts";

/** A running server. */
export type ApiProcess = {
  readonly url: string;
  readonly health: string;
  /** What standard error said, which has the first token. */
  readonly said: () => string;
  readonly lines: readonly string[];
  /** Ends it; its exit code. */
  readonly stop: (signal: NodeJS.Signals) => Promise<number | null>;
};

/** How it is started. */
export type ApiProcessSettings = {
  /** 0 lets the kernel choose. */
  readonly port: number;
  /** Of the embedded store. */
  readonly directory: string;
  readonly kubeconfig: string;
};

const children: ChildProcess[] = [];

/** Kills those that still run. */
export function killApiProcesses(): void {
  for (const child of children) child.kill("SIGKILL");
}

/** Starts the server, and waits until it says where it is. */
export async function startApiProcess({
  port,
  directory,
  kubeconfig,
}: ApiProcessSettings): Promise<ApiProcess> {
  const ports = ["--port", String(port), "--health-port", "0"];
  const argv = ["server", ...ports, "--directory", directory, "--kubeconfig", kubeconfig];
  const child = spawn(fileOf("bin/seam"), argv, { stdio: ["ignore", "pipe", "pipe"] });
  children.push(child);
  let errors = "";
  child.stderr.on("data", (part) => (errors += String(part)));
  const lines: string[] = [];
  const started = Promise.withResolvers<{ address: string; healthPort: number }>();
  createInterface({ input: child.stdout }).on("line", (line) => {
    lines.push(line);
    const said = JSON.parse(line);
    if (said.msg === "started") started.resolve(said);
  });
  const exited = once(child, "exit").then(([code]) => (typeof code === "number" ? code : null));
  void exited.then((code) => started.reject(new Error(`it ended with ${code}: ${errors}`)));
  const { address, healthPort } = await started.promise;
  const stop = async (signal: NodeJS.Signals): Promise<number | null> => {
    child.kill(signal);
    return exited;
  };
  const health = `http://127.0.0.1:${healthPort}`;
  return { url: address, health, said: () => errors, lines, stop };
}

/** The port of a URL. */
export const portOf = (url: string): number => Number(new URL(url).port);

/** The first token in a text. */
export const tokenIn = (text: string): string => /seam_[\w-]{43}/.exec(text)?.[0] ?? "";
