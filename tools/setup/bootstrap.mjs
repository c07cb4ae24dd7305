/**
 * What `npm start` and `npm test` run first. Plain JavaScript, because it must work with any Node of
 * version 20 or later on a fresh clone: it installs the npm packages, among them the Node that Seam
 * runs on, and hands over to that Node.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

const root = path.resolve(import.meta.dirname, "../..");
const node = path.join(root, "node_modules/.bin/node");
const stamp = path.join(root, "node_modules/.seam-lock");

const lockHash = createHash("sha256")
  .update(readFileSync(path.join(root, "package-lock.json")))
  .digest("hex");

const say = (text) => process.stdout.write(`seam: ${text}\n`);

function run(command, parameters) {
  const { status, error } = spawnSync(command, parameters, { cwd: root, stdio: "inherit" });
  if (error !== undefined) say(`${command} did not start: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== lockHash) {
  say("installing npm packages (about a minute the first time)");
  // Not `npm ci`: it refuses a lock file whose optional packages for other platforms a registry lacks.
  const quiet = ["--no-fund", "--no-audit", "--loglevel=error"];
  run("npm", ["install", "--no-save", "--ignore-scripts", ...quiet]);
  writeFileSync(stamp, lockHash);
}

const [task, ...rest] = process.argv.slice(2);
run(node, [path.join(root, `tools/${task}.ts`), ...rest]);
