/** The C shim of `cni/`, compiled as it is shipped, against a real unix socket. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { text } from "node:stream/consumers";
import { afterAll, expect, test } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "seam-test-cni-"));
const shim = join(folder, "seam-cni");
const socket = join(folder, "cni.sock");
const source = join(import.meta.dirname, "../../../cni/seam-cni.c");
const flags = ["-static", "-Os", "-s", "-Wall", "-Wextra", "-Werror"];
execFileSync("gcc", [...flags, source, "-o", shim]);
afterAll(() => rmSync(folder, { recursive: true }));

async function callShim(input: string): Promise<{ code: unknown; output: string }> {
  const env = { SEAM_CNI_SOCKET: socket, CNI_COMMAND: "ADD", CNI_ARGS: "A=1;B=2", OTHER: "x" };
  const child = spawn(shim, { env, stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.end(input);
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, "close")]);
  return { code, output };
}

test("an agent that comes back within seconds is waited for", async () => {
  const called = callShim("{}");
  await sleep(1000);
  const server = createServer((connection) => connection.end(Buffer.alloc(8))).listen(socket);
  expect(await called).toEqual({ code: 0, output: "" });
  server.close();
});

test.each([
  { input: '{ "name": "seam", "cniVersion" : "0.4.0" }', version: "0.4.0" },
  { input: "{}", version: "1.1.0" },
])(
  "without an agent, after 5 s, $input is told in version $version to try again later",
  async (row) => {
    const { code, output } = await callShim(row.input);
    expect(code).toBe(1);
    expect(JSON.parse(output)).toMatchObject({ cniVersion: row.version, code: 11 });
  },
);

test("standard input that cannot be read is error 5", async () => {
  // A folder cannot be read as a file.
  const folderAsInput = openSync(folder, "r");
  const child = spawn(shim, { env: {}, stdio: [folderAsInput, "pipe", "inherit"] });
  const [output, [code]] = await Promise.all([text(child.stdout!), once(child, "close")]);
  closeSync(folderAsInput);
  expect(code).toBe(1);
  expect(JSON.parse(output)).toMatchObject({ cniVersion: "1.1.0", code: 5 });
});

test.each([
  { name: "answer", exit: 0, answer: '{"cniVersion":"1.1.0"}', size: 10 },
  { name: "error, large both ways", exit: 7, answer: "é".repeat(1_000_000), size: 3_000_000 },
])("$name", async ({ exit, answer, size: length }) => {
  const input = "x".repeat(length);
  const requests: Buffer[] = [];
  const server = createServer((connection) => {
    const chunks: Buffer[] = [];
    connection.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      const all = Buffer.concat(chunks);
      if (all.length < 4 || all.length < 4 + all.readUInt32BE(0)) return;
      requests.push(all.subarray(4));
      const body = Buffer.from(answer);
      const header = Buffer.alloc(8);
      header.writeUInt32BE(exit, 0);
      header.writeUInt32BE(body.length, 4);
      connection.end(Buffer.concat([header, body]));
    });
  }).listen(socket);
  await once(server, "listening");
  const called = await callShim(input);
  server.close();
  expect(called).toEqual({ code: exit, output: answer });
  const [environment, rest] = String(requests[0]).split("\0\0");
  expect(environment?.split("\0").sort()).toEqual(["CNI_ARGS=A=1;B=2", "CNI_COMMAND=ADD"]);
  expect(rest === input).toBe(true);
});
