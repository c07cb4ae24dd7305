/** CNI as a runtime sees it, for tests: the shim, compiled as it is shipped, in front of a test node. */
import type { Json } from "@seam/kube";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";

import { afterAll, beforeAll } from "vitest";

import { createCniQueue } from "./cni-queue.ts";
import { serveCni } from "./cni-server.ts";
import { hostOf, podPath, type TestNode } from "./node.fixture.ts";

/** What a program ended with, and the JSON that it printed, or null when it printed nothing. */
export type Ended = { readonly code: unknown; readonly document: unknown };

/** Variables (null: not set) and standard input of a call that differ from a runtime's ordinary ones. */
type ShimCall = {
  readonly env?: { readonly [name: string]: string | null };
  readonly config?: Json;
  /** Instead of a configuration. */
  readonly input?: string;
};

/** A folder with the shim as `seam-cni`, and calls of it. */
export type Shim = {
  readonly folder: string;
  readonly socket: string;
  readonly call: (command: string, options?: ShimCall) => Promise<Ended>;
};

const source = path.join(import.meta.dirname, "../../../cni/seam-cni.c");

/** Compiles the shim, and answers it from the test node until the file's tests end. */
export function useShim(current: TestNode): Shim {
  const folder = mkdtempSync(path.join(tmpdir(), "seam-test-shim-"));
  const socket = path.join(folder, "cni.sock");
  let server: AsyncDisposable | null = null;
  beforeAll(async () => {
    const flags = ["-static", "-Os", "-s", "-Wall", "-Wextra", "-Werror"];
    execFileSync("gcc", [...flags, source, "-o", path.join(folder, "seam-cni")]);
    server = await serveCni(socket, createCniQueue(hostOf(current)));
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });
  const call = async (command: string, { env = {}, config = {}, input }: ShimCall = {}) => {
    const asked = { ...ordinary, CNI_COMMAND: command, CNI_PATH: folder, ...env };
    const set = Object.entries(asked).filter(([, value]) => value !== null);
    const request = { cniVersion: "1.1.0", name: "seam", type: "seam-cni", ...config };
    return run([path.join(folder, "seam-cni")], {
      env: { ...Object.fromEntries(set), SEAM_CNI_SOCKET: socket },
      input: input ?? JSON.stringify(request),
    });
  };
  return { folder, socket, call };
}

const ordinary = {
  CNI_CONTAINERID: "c1",
  CNI_IFNAME: "eth0",
  CNI_NETNS: podPath,
  CNI_ARGS: "IgnoreUnknown=1;K8S_POD_NAMESPACE=lab-a;K8S_POD_NAME=server-0",
};

/** Runs a program while this process goes on answering. */
export async function run(
  [program = "", ...argv]: readonly string[],
  { env, input }: { readonly env: { readonly [name: string]: string }; readonly input?: string },
): Promise<Ended> {
  const child = spawn(program, argv, { env: { ...env }, stdio: ["pipe", "pipe", "pipe"] });
  child.stdin.end(input ?? "");
  const [output, errors, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  return { code, document: parsed(output.trim() || errors.trim()) };
}

function parsed(output: string): unknown {
  if (output === "") return null;
  try {
    return JSON.parse(output);
  } catch {
    return output;
  }
}
