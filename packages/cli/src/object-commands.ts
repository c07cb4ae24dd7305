/** How the commands on objects are called: plan, apply, get, describe, watch, wait, delete, explain. */
import { millis } from "@seam/base";
import { type Command, Option } from "commander";
import {
  durationArgument,
  FIELD,
  KIND,
  kindArgument,
  later,
  outputOption,
  selectorOption,
  withExamples,
  withTarget,
} from "./definition.ts";

const timeoutOption = (): Option =>
  new Option("--timeout <duration>", "how long to wait, such as 90s or 5m")
    .argParser(durationArgument)
    .default(millis(120_000), "120s");

const filesOption = (): Option =>
  new Option("-f, --filename <file...>", "file or folder of YAML, or - for standard input");

/** Adds the commands to the program. */
export function addObjectCommands(program: Command): void {
  addPlan(program);
  addApply(program);
  addGet(program);
  addDescribe(program);
  addWatch(program);
  addWait(program);
  addDelete(program);
  addExplain(program);
}

function addPlan(program: Command): void {
  withExamples(
    withTarget(
      program
        .command("plan")
        .description("what apply would do, to which objects and on which nodes; writes nothing"),
    )
      .addOption(filesOption().makeOptionMandatory())
      .addOption(outputOption("table", "json", "diff"))
      .option("--force", "as if apply took over fields that others have set")
      .action(later(async () => (await import("./plan.ts")).plan)),
    "seam plan -f examples/first-experiment",
    "seam plan -f examples/first-experiment -o diff",
  );
}

function addApply(program: Command): void {
  withExamples(
    withTarget(
      program
        .command("apply")
        .description("say what will be done, then create or change objects from YAML"),
    )
      .addOption(filesOption().makeOptionMandatory())
      .option("--dry-run", "only say it, as plan does")
      .option("--force", "take over fields that others have set")
      .action(later(async () => (await import("./apply.ts")).apply)),
    "seam apply -f examples/first-experiment",
    "seam get exp two-tier -n lab-a -o yaml | seam apply -f -",
  );
}

function addGet(program: Command): void {
  withExamples(
    withTarget(program.command("get").description("list objects, or show one"))
      .addArgument(kindArgument())
      .argument("[name]", "one object")
      .addOption(outputOption("table", "wide", "json", "yaml", "name"))
      .option("-A, --all-namespaces", "of all namespaces")
      .addOption(selectorOption())
      .option(
        "--sort-by <path>",
        "field that gives the order, such as .metadata.creationTimestamp or {.status.phase}",
      )
      .option("-w, --watch", "go on with a row for each change, until interrupted")
      .action(later(async () => (await import("./get.ts")).get)),
    "seam get experiments -A",
    "seam get exp two-tier -n lab-a -o yaml",
    "seam get pods -n lab-a -l seam.ucsd.edu/workload=server -o wide",
    "seam get pods -A --sort-by .metadata.creationTimestamp",
  );
}

function addDescribe(program: Command): void {
  withExamples(
    withTarget(program.command("describe").description("spec, status, conditions and events"))
      .addArgument(kindArgument())
      .argument("[name]", "the object, unless KIND/NAME names it")
      .action(later(async () => (await import("./describe.ts")).describe)),
    "seam describe experiment two-tier -n lab-a",
    "seam describe node n2",
  );
}

function addWatch(program: Command): void {
  withExamples(
    withTarget(
      program.command("watch").description("a line for each change of objects, until interrupted"),
    )
      .addArgument(kindArgument())
      .argument("[name]", "one object")
      .addOption(outputOption("table", "json"))
      .option("-A, --all-namespaces", "of all namespaces")
      .addOption(selectorOption())
      .action(later(async () => (await import("./watch.ts")).watch)),
    "seam watch experiments -A",
    "seam watch pods -n lab-a -o json",
  );
}

function addWait(program: Command): void {
  withExamples(
    withTarget(program.command("wait").description("wait until an object is Ready or gone"))
      .addArgument(kindArgument())
      .argument("[name]", "the object, unless KIND/NAME names it")
      .addOption(
        new Option("--for <goal>", "what to wait for")
          .choices(["Ready", "Deleted"])
          .default("Ready"),
      )
      .addOption(timeoutOption())
      .action(later(async () => (await import("./wait.ts")).wait)),
    "seam wait experiment two-tier -n lab-a --for Ready --timeout 120s",
  );
}

function addDelete(program: Command): void {
  withExamples(
    withTarget(program.command("delete").description("delete objects and wait until they are gone"))
      .argument(`[${KIND}]`, "kind, plural or short name; not with -f")
      .argument("[name]", "the object, unless KIND/NAME names it")
      .addOption(filesOption())
      .option("--no-wait", "do not wait until it is gone")
      .option("--orphan", "leave what it owns: an experiment's pods, a project's namespace")
      .option("--with-experiments", "delete a project also while experiments live in it")
      .addOption(timeoutOption())
      .action(later(async () => (await import("./delete.ts")).remove)),
    "seam delete experiment two-tier -n lab-a",
    "seam delete -f examples/first-experiment",
    "seam delete project lab-a --with-experiments",
  );
}

function addExplain(program: Command): void {
  withExamples(
    program
      .command("explain")
      .description("what a kind or one of its fields is: type, default, allowed values, example")
      .argument(`<${FIELD}>`, "KIND or KIND.path.to.field")
      .addOption(outputOption("table", "json"))
      .action(later(async () => (await import("./explain.ts")).explainField)),
    "seam explain experiment",
    "seam explain exp.spec.workloads.placement",
  );
}
