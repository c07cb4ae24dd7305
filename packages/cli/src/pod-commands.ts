/** How the commands on running pods are called: logs, exec, top, traffic. */
import { millis } from "@seam/base";
import { Argument, type Command, InvalidArgumentError, Option } from "commander";
import {
  countArgument,
  durationArgument,
  later,
  outputOption,
  withExamples,
  withTarget,
} from "./definition.ts";

/** Adds the commands to the program. */
export function addPodCommands(program: Command): void {
  addLogs(program);
  addExec(program);
  addTop(program);
  addRecord(program);
  addPlot(program);
  addTraffic(program);
}

const PODS = "POD, experiment/NAME, or NAME/WORKLOAD of an experiment";

function addLogs(program: Command): void {
  withExamples(
    withTarget(program.command("logs").description("what a pod printed, or those of an experiment"))
      .argument("<pods>", `${PODS}; lines of several pods begin with their name`)
      .option("-f, --follow", "go on until the containers end, or until interrupted")
      .addOption(new Option("--tail <lines>", "only the last lines").argParser(countArgument))
      .addOption(
        new Option("--since <duration>", "only what was printed since, such as 5m").argParser(
          durationArgument,
        ),
      )
      .option("-c, --container <name>", "default: the pod's default or first container")
      .option("--previous", "of the container's run before this one")
      .action(later(async () => (await import("./logs.ts")).logs)),
    "seam logs server-0 -n lab-a --tail 20",
    "seam logs experiment/two-tier -n lab-a --follow --since 5m",
    "seam logs two-tier/server -n lab-a",
  );
}

function addExec(program: Command): void {
  withExamples(
    withTarget(
      program
        .command("exec")
        .description("run a command in a pod; its exit code becomes that of seam"),
    )
      .argument("<pods>", `${PODS}; of several the first that runs`)
      .argument("<command...>", "after --, so that its own options are not taken for those of seam")
      .option("-c, --container <name>", "default: the pod's default or first container")
      .option("-i, --stdin", "give it standard input")
      .option("-t, --tty", "give it standard input and a terminal")
      .action(later(async () => (await import("./exec.ts")).exec)),
    "seam exec two-tier/client -n lab-a -- ip -brief address",
    "seam exec server-0 -n lab-a -t -- sh",
    "seam exec server-0 -n lab-a -i -- wc -c < README.md",
  );
}

function addTop(program: Command): void {
  withExamples(
    withTarget(
      program
        .command("top")
        .description("processor and memory in use at the moment, or rates of pods and what passes"),
    )
      .addArgument(
        new Argument("<area>", "of what").choices(["nodes", "pods", "experiments", "bandwidth"]),
      )
      .addOption(outputOption("table", "json"))
      .option("-A, --all-namespaces", "of all namespaces")
      .action(later(async () => (await import("./top.ts")).top)),
    "seam top nodes",
    "seam top experiments -A",
    "seam top bandwidth -A",
  );
}

function addRecord(program: Command): void {
  withExamples(
    withTarget(
      program
        .command("record")
        .description(
          "write what pods send and are sent, beside their rates, into a file over time",
        ),
    )
      .argument(
        "<file>",
        "a table (CSV), an object for each row (.jsonl), or - for standard output",
      )
      .addOption(
        new Option("--for <duration>", "how long; default: until interrupted").argParser(
          durationArgument,
        ),
      )
      .addOption(
        new Option("--every <duration>", "time between two looks at the agents")
          .argParser(durationArgument)
          .default(millis(1000), "1s"),
      )
      .option("-A, --all-namespaces", "of all namespaces")
      .action(later(async () => (await import("./record.ts")).record)),
    "seam record rates.csv -n lab-a --for 30s",
    "seam record rates.jsonl -A --every 500ms",
  );
}

function addPlot(program: Command): void {
  withExamples(
    program
      .command("plot")
      .description("draw recorded rates over time, with series that other tables have, as an SVG")
      .argument(
        "<files...>",
        "of seam record, or any with time, pod, direction and NAME_mbps; - for standard input",
      )
      .option("--svg <file>", "default: standard output")
      .option("--pod <names...>", "only these pods")
      .action(later(async () => (await import("./plot.ts")).plot)),
    "seam plot rates.csv offered.csv --svg rates.svg",
    "seam plot rates.csv --pod server-0 client-0 --svg pair.svg",
  );
}

const secondsArgument = (text: string): number => {
  const seconds = Number(text);
  if (Number.isInteger(seconds) && seconds >= 1 && seconds <= 60) return seconds;
  throw new InvalidArgumentError("Expected whole seconds from 1 to 60, for example 5.");
};

function addTraffic(program: Command): void {
  withExamples(
    withTarget(
      program
        .command("traffic")
        .description("measure round trips and TCP between an experiment's pods"),
    )
      .argument("<experiment>", "name of the experiment")
      .addOption(
        new Option("--seconds <count>", "length of each measurement")
          .argParser(secondsArgument)
          .default(1),
      )
      .addOption(outputOption("table", "json"))
      .action(later(async () => (await import("./traffic.ts")).traffic)),
    "seam traffic two-tier -n lab-a",
    "seam traffic two-tier -n lab-a --seconds 2 -o json",
  );
}
