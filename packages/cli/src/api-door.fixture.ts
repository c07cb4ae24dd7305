/** `seam open` as people use it, and calls through it by curl, which trusts what the chart's ConfigMap says. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { tokenIn } from "./api-process.fixture.ts";
import { fileOf } from "./chart.fixture.ts";
import type { TestLab } from "./lab.fixture.ts";

const execute = promisify(execFile);

/** A way to the API of a cluster; disposing of it closes it. */
export type ApiDoor = AsyncDisposable & {
  /** What `seam open` says. */
  readonly said: string;
  /** The token of the first start; empty when it is in no log any more. */
  readonly token: string;
  /** An answer's body as JSON; rejects with it when the call fails. */
  readonly call: (token: string, call: Call) => Promise<unknown>;
};

type Call = { readonly method: "GET" | "PUT"; readonly where: string; readonly body?: object };

/** Opens the way. */
export async function openApi({ kubeconfig, kubectl }: TestLab): Promise<ApiDoor> {
  const folder = mkdtempSync(path.join(tmpdir(), "seam-test-door-"));
  const authority = path.join(folder, "ca.crt");
  const map = ["get", "configmap", "seam-api-ca", "-o", "jsonpath={.data.ca\\.crt}"];
  writeFileSync(authority, await kubectl("-n", "seam-system", ...map));
  const argv = ["open", "--no-browser", "--port", "0", "--kubeconfig", kubeconfig];
  const child = spawn(fileOf("bin/seam"), argv, { stdio: ["ignore", "pipe", "inherit"] });
  const said = await saidBy(child);
  const [url = ""] = /https:\/\/127\.0\.0\.1:\d+/.exec(said) ?? [];
  return {
    said,
    token: tokenIn(said),
    call: async (token, { method, where, body }) => {
      const head = ["-H", `authorization: Bearer ${token}`, "-X", method];
      const data = ["-H", "content-type: application/json", "-d", JSON.stringify(body)];
      const how = ["-sS", "--fail-with-body", "--cacert", authority, ...head];
      const sent = body === undefined ? [] : data;
      return JSON.parse((await execute("curl", [...how, ...sent, `${url}${where}`])).stdout);
    },
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGINT");
      await once(child, "exit");
      rmSync(folder, { recursive: true });
    },
  };
}

async function saidBy(child: ChildProcess): Promise<string> {
  let text = "";
  child.stdout?.on("data", (part) => (text += String(part)));
  while (!/^Sign in .*\n/m.test(text)) {
    if (child.exitCode !== null) throw new Error(`seam open ended: ${text}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return text;
}
