/** How the commands about P4 programs are called. */
import { type Command, Option } from "commander";
import { later, withExamples } from "./definition.ts";

/** Collects an option that may be given several times. */
const several = (value: string, before: readonly string[]): readonly string[] => [...before, value];

/** Adds to a command that reads programs where their includes and macros come from. */
const reading = (command: Command): Command =>
  command
    .option("-I, --include <folder>", "where included files are; may be given again", several, [])
    .option("-D, --define <name>", "a macro, NAME or NAME=TEXT; may be given again", several, []);

/** Adds the commands to the program. */
export function addP4Commands(program: Command): void {
  const p4 = program.command("p4").description("programs in P4-16");
  withExamples(
    reading(
      p4
        .command("check")
        .description("judge programs: ends with 0 when all are accepted, 1 when one is rejected")
        .argument("<file...>", "P4 programs; the architecture is what they include"),
    )
      .addOption(new Option("--std <language>", "the language").choices(["p4-16"]).default("p4-16"))
      .option("--json", "print one line of JSON per file on standard output")
      .action(later(async () => (await import("./p4.ts")).checkFiles)),
    "seam p4 check router.p4",
    "seam p4 check --json -I lib *.p4",
  );
  withExamples(
    p4
      .command("format")
      .description("lay programs out: indentation, spaces and line ends, and nothing else")
      .argument("<file...>", "P4 programs, or - for standard input")
      .option("--check", "change nothing; end with 1 and name the files that would change")
      .action(later(async () => (await import("./p4.ts")).formatFiles)),
    "seam p4 format router.p4",
    "seam p4 format --check *.p4",
    "seam p4 format - < router.p4",
  );
  withExamples(
    reading(
      p4
        .command("preprocess")
        .description("print a program with its includes, macros and conditions resolved")
        .argument("<file>", "a P4 program"),
    )
      .option("--json", "print what is wrong as JSON, one line, and not the program")
      .action(later(async () => (await import("./p4.ts")).preprocessFile)),
    "seam p4 preprocess router.p4",
    "seam p4 preprocess router.p4 -I lib -D PORTS=64",
  );
  addInfo(p4);
  addFit(p4);
  addStf(p4);
  withExamples(
    p4,
    "seam p4 check router.p4",
    "seam p4 format router.p4",
    "seam p4 stf router.p4 router.stf",
  );
}

function addStf(p4: Command): void {
  withExamples(
    reading(
      p4
        .command("stf")
        .description("run programs against tests of packets, each pair with a switch of its own")
        .argument("<file...>", "a P4 program and its test in STF, and so on in pairs"),
    )
      .addOption(
        new Option("--target <name>", "what runs the program").choices(["sim"]).default("sim"),
      )
      .option("--json", "print how each pair went as JSON, one line each")
      .action(later(async () => (await import("./p4-stf.ts")).runStfFiles)),
    "seam p4 stf router.p4 router.stf",
    "seam p4 stf --json router.p4 router.stf acl.p4 acl.stf",
  );
  withExamples(
    reading(
      p4
        .command("trace")
        .description("follow the packets of a test through a program: states, tables, statements")
        .argument("<program>", "a P4 program")
        .argument("<test>", "its test in STF"),
    )
      .option("--json", "print each step as JSON, one line each")
      .action(later(async () => (await import("./p4-stf.ts")).traceFiles)),
    "seam p4 trace router.p4 router.stf",
  );
}

function addInfo(p4: Command): void {
  withExamples(
    reading(
      p4
        .command("info")
        .description("print what a control plane is told of a program: P4Info, as P4Runtime has it")
        .argument("<file>", "a P4 program"),
    )
      .addOption(
        new Option("--format <format>", "protobuf's text, JSON or binary")
          .choices(["text", "json", "binary"])
          .default("text"),
      )
      .option("--json", "the same as --format json")
      .option("-o, --out <file>", "write P4Info to a file instead of standard output")
      .option(
        "--entries <file>",
        "write the entries that the program has to a file: a WriteRequest",
      )
      .action(later(async () => (await import("./p4-info.ts")).infoOfFile)),
    "seam p4 info router.p4 > router.txtpb",
    "seam p4 info --json router.p4",
    "seam p4 info acl.p4 --format binary --out acl.binpb --entries acl-entries.binpb",
  );
}

function addFit(p4: Command): void {
  withExamples(
    reading(
      p4
        .command("resources")
        .description("print what a program needs: tables, memory, headers, parsers, externs")
        .argument("<file>", "a P4 program"),
    )
      .option("--json", "print it as one line of JSON")
      .action(later(async () => (await import("./p4-fit.ts")).resourcesOfFile)),
    "seam p4 resources router.p4",
  );
  withExamples(
    reading(
      p4
        .command("fit")
        .description(
          "tell whether a target can run a program: ends with 0 when it fits, with 1 when not",
        )
        .argument("<file>", "a P4 program"),
    )
      .requiredOption("--target <name>", "a target's name, or a file in JSON that declares one")
      .option("--json", "print the answer as one line of JSON")
      .action(later(async () => (await import("./p4-fit.ts")).fitFile)),
    "seam p4 fit router.p4 --target tofino1",
    "seam p4 fit --json acl.p4 --target ./my-switch.json",
  );
}
