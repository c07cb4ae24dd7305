/** What `seam lab` prints and how it ends. */
import { spawnSync } from "node:child_process";
import path from "node:path";

import { expect, test } from "vitest";

import { statusText } from "./lab.ts";

const main = path.join(import.meta.dirname, "main.ts");
const seam = (...argv: readonly string[]): { status: number | null; text: string } => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...argv], {
    encoding: "utf8",
  });
  return { status, text: stdout + stderr };
};

const absent = {
  name: "seam",
  exists: false,
  kubeconfig: "",
  port: undefined,
  processes: [],
  nodes: [],
  cut: [],
  memoryMiB: 1100,
};

test("a lab that is not there says how to start it", () => {
  expect(statusText(absent)).toBe("lab seam is not up; start it with: seam lab up");
});

test("a dead process says how to repair it", () => {
  const processes = [
    { name: "n1", pid: 12 },
    { name: "n2", pid: undefined },
  ];
  expect(statusText({ ...absent, exists: true, processes })).toBe(
    "n2  not running; repair with: seam lab up\nmemory: 1100 MiB (PSS)",
  );
});

test("a node that is cut off is shown, with how to connect it", () => {
  const nodes = ["n1", "n2"].map((name) => ({ name, ready: name === "n1", podCidrs: [] }));
  expect(statusText({ ...absent, exists: true, nodes, cut: ["n2"] })).toBe(
    "n1  Ready  \nn2  NotReady    cut off; connect it with: seam lab heal n2\nmemory: 1100 MiB (PSS)",
  );
});

test("a node of a lab that is not up cannot be cut off", () => {
  const { status, text } = seam("lab", "cut", "n2", "--name", "never-up");
  expect(status).toBe(1);
  expect(text).toContain("lab never-up is not up; start it with: seam lab up");
});

test("a misspelt command is a usage error with a suggestion", () => {
  const { status, text } = seam("lab", "statsu");
  expect(status).toBe(2);
  expect(text).toContain("Did you mean status?");
});

test("a bad lab name fails with what is allowed", () => {
  const { status, text } = seam("lab", "status", "--name", "No Good");
  expect(status).toBe(1);
  expect(text).toContain('lab name "No Good" must be 1 to 20 of a-z, 0-9 and -');
});

test.each([
  [["up", "--families", "ipv5"], '--families: expected dual or ipv4 or ipv6, found "ipv5"'],
  [["up", "--network", "flannel"], '--network: expected seam or reference, found "flannel"'],
  [["remove-node", "n2"], "lab never-up is not up; start it with: seam lab up"],
  [["readdress", "n2"], "lab never-up is not up; start it with: seam lab up"],
])("seam lab %j says what was expected", (argv, said) => {
  const { status, text } = seam("lab", ...argv, "--name", "never-up");
  expect(status).toBe(1);
  expect(text).toContain(said);
});
