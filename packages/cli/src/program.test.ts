/** The command line as a whole: every command is described, with examples that are right, and starts without heavy packages. */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { kindNames } from "@seam/client";
import type { Command } from "commander";
import { parseSync } from "oxc-parser";
import { expect, test, vi } from "vitest";
import { namesOf, optionsOf, placesOf } from "./command-tree.ts";
import { completionScript } from "./completion-scripts.ts";
import { examplesOf } from "./definition.ts";
import { createProgram, SHELLS } from "./program.ts";
import { referencePage } from "./reference.ts";

// Each call starts a program, on a machine that may be busy.
vi.setConfig({ testTimeout: 30_000 });

const main = path.join(import.meta.dirname, "main.ts");
const program = path.join(import.meta.dirname, "../../../bin/seam");
const places = placesOf(createProgram());

function seam(...argv: readonly string[]): { status: number | null; out: string; error: string } {
  const { status, stdout, stderr } = spawnSync(program, argv, { encoding: "utf8" });
  return { status, out: stdout, error: stderr };
}

test("the reference page is that of the program; UPDATE=1 makes it anew", () => {
  const file = path.join(import.meta.dirname, "../../../docs/reference/cli.md");
  const page = referencePage(createProgram(), kindNames());
  if (process.env["UPDATE"] === "1") writeFileSync(file, page);
  expect(readFileSync(file, "utf8")).toBe(page);
  for (const { path: words } of places.slice(1)) expect(page).toContain(`\n## ${words}\n`);
});

test.each(places.map(({ path: words, command }) => [words, command] as const))(
  "%s has a description, described options and an example",
  (_, command) => {
    expect(command.description()).not.toBe("");
    expect(optionsOf(command).filter(({ description }) => description === "")).toEqual([]);
    expect(examplesOf(command).length).toBeGreaterThan(0);
  },
);

/** The program, whose commands do nothing. */
function rehearsal(): Command {
  const whole = createProgram();
  for (const { command } of placesOf(whole))
    command
      .configureOutput({ writeErr: () => undefined, writeOut: () => undefined })
      .exitOverride()
      .action(() => undefined);
  return whole;
}

const lines = places.flatMap(({ command }) => examplesOf(command));

test.each(lines.filter((line) => line.startsWith("seam ")))("%s can be called", async (line) => {
  const argv = (line.split(/ [|<>] /)[0] ?? "").split(" ").slice(1);
  const outcome = await rehearsal()
    .parseAsync(argv, { from: "user" })
    .then(
      () => "called",
      (error: Error) => error.message,
    );
  expect(outcome).toBe(argv.includes("--help") ? "(outputHelp)" : "called");
});

test.each([
  [["gte"], "Did you mean get?"],
  [["get", "exp", "--namespce", "a"], "Did you mean --namespace?"],
  [["lab", "stauts"], "Did you mean status?"],
  [["get", "expermint"], "Did you mean experiment?"],
  [["explain", "expermint"], "Did you mean experiment?"],
  [["explain", "exp.spec.workload"], "Did you mean workloads?"],
  [["explain", "pod"], "kubectl explain pods"],
  [["get", "exp", "-o", "jsn"], "Allowed choices are table, wide, json, yaml, name"],
  [["get", "exp", "--sort-by", ".a[*]"], 'cannot read the path ".a[*]" from "[*]" on'],
  [["get", "exp", "a", "-l", "b=c"], "exclude each other"],
  [["get", "exp", "--sort-by", ".a", "-w"], "exclude each other"],
  [["get", "svc", "-o", "wide", "-w"], "only for experiments and pods"],
  [["logs", "p", "--tail", "many"], "Expected a whole number"],
  [["exec", "p"], "missing required argument 'command'"],
  [["top", "disks"], "Allowed choices are nodes, pods, experiments"],
  [["completion", "tcsh"], "Allowed choices are bash, zsh, fish"],
])("seam %j is wrong usage", (argv, said) => {
  const { status, error } = seam(...argv);
  expect(error).toContain(said);
  expect(status).toBe(2);
});

test("help has examples and exit codes, goes to standard output and is a success", () => {
  const whole = seam("--help");
  expect(whole).toMatchObject({ status: 0, error: "" });
  expect(whole.out).toMatch(/^ +2 +wrong usage/m);
  expect(seam("get", "--help").out).toContain("Examples:\n  seam get experiments -A");
});

test("versions of the program alone need no cluster", () => {
  const { version } = JSON.parse(
    readFileSync(path.join(import.meta.dirname, "../../../package.json"), "utf8"),
  );
  expect(seam("--version").out).toBe(`${version}\n`);
  expect(JSON.parse(seam("version", "--client", "-o", "json").out)).toEqual({ client: version });
  const away = seam("version", "--kubeconfig", "/nonexistent/config");
  expect(away).toMatchObject({ status: 1, out: `this program:  ${version}\n` });
});

test("an explanation has type, default, allowed values and the fields below", () => {
  const { out } = seam("explain", "exp.spec.workloads[].kind");
  expect(out).toMatch(/^Default: +"Container"\nAllowed: +Container, VirtualMachine$/m);
  expect(seam("explain", "project.spec").out).toMatch(/^ {2}members +\[\]object +Become/m);
});

/** What a program loads when it starts: the files that its imports lead to, and the packages. */
function loadedBy(file: string, seen: Set<string>): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const { entries, moduleRequest } of parseSync(file, readFileSync(file, "utf8")).module
    .staticImports) {
    if (entries.length > 0 && entries.every(({ isType }) => isType)) continue;
    const to = moduleRequest.value;
    if (to.startsWith("./")) loadedBy(path.join(path.dirname(file), to), seen);
    else seen.add(to);
  }
  return seen;
}

test("the program starts without clusters, labs and parsers, which its actions load", () => {
  const loaded = [...loadedBy(main, new Set())].filter((each) => !each.startsWith("/"));
  expect(loaded.toSorted()).toEqual(["@seam/base", "commander", "node:fs"]);
});

/** What bash offers after a line whose last word is not finished. */
function bashOffers(...typed: readonly string[]): readonly string[] {
  const script = completionScript("bash", createProgram(), kindNames());
  const words = typed.map((word) => `'${word}'`).join(" ");
  const ask = `COMP_WORDS=(${words}); COMP_CWORD=${typed.length - 1}; _seam; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync("bash", ["-c", `${script}\n${ask}`], { encoding: "utf8" });
  expect(stderr).toBe("");
  return stdout.split("\n").filter((line) => line !== "");
}

test.each([
  [["seam", "ge"], ["get"]],
  [["seam", "lab", "st"], ["status"]],
  [
    ["seam", "get", "expe"],
    ["experiment", "experiments"],
  ],
  [["seam", "get", "exp", "--sel"], ["--selector"]],
  [["seam", "get", "-o", "ya"], ["yaml"]],
  [["seam", "get", "exp", "--output", "w"], ["wide"]],
  [
    ["seam", "wait", "exp", "a", "--for", ""],
    ["Ready", "Deleted"],
  ],
  [["seam", "top", "n"], ["nodes"]],
  [["seam", "get", "-n", "expe"], []],
  [
    ["seam", "get", "-n", "lab-a", "expe"],
    ["experiment", "experiments"],
  ],
  [
    ["seam", "get", "-A", "expe"],
    ["experiment", "experiments"],
  ],
  [["seam", "describe", "exp", "expe"], []],
  [
    ["seam", "delete", "expe"],
    ["experiment", "experiments"],
  ],
  [
    ["seam", "explain", "netw"],
    ["networkconfig", "networkconfigs"],
  ],
  [["seam", "apply", "-f", "expe"], []],
  [["seam", "lab", "up", "--fam"], ["--families"]],
])("bash completes %j to %j", (typed, offered) => {
  expect(bashOffers(...typed)).toEqual(offered);
});

test.each(SHELLS)("the %s script knows every command and option", (shell) => {
  const script = completionScript(shell, createProgram(), kindNames());
  for (const { path: words, command } of places) {
    expect(script).toContain(words);
    for (const name of optionsOf(command).flatMap(namesOf))
      expect(script).toContain(shell === "fish" ? name.replace(/^--?/, "") : name);
  }
});

const installed = (shell: string): boolean => spawnSync(shell, ["-c", "true"]).status === 0;

for (const shell of SHELLS)
  test(`${shell} accepts its script`, ({ skip }) => {
    skip(!installed(shell), `${shell} is not installed here`);
    const check = spawnSync(shell, ["-n"], {
      input: completionScript(shell, createProgram(), kindNames()),
      encoding: "utf8",
    });
    expect(check).toMatchObject({ status: 0, stderr: "" });
  });
