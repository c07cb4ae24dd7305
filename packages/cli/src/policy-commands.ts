/** How the commands about network policies are called: can, policy. */
import { millis } from "@seam/base";
import { type Command, Option } from "commander";
import { durationArgument, later, outputOption, withExamples, withTarget } from "./definition.ts";

const familyOption = (): Option =>
  new Option("--family <family>", "address family").choices(["ipv4", "ipv6"]);

/** Adds the commands to the program. */
export function addPolicyCommands(program: Command): void {
  withExamples(
    withTarget(
      program
        .command("can")
        .description(
          "whether network policies let one end speak to another, and what to change; ends with 1 for no",
        ),
    )
      .argument("<from>", "POD, NAMESPACE/POD, node:NAME or an address")
      .argument("<to>", "POD, NAMESPACE/POD, node:NAME or an address")
      .requiredOption("--port <port>", "such as 5201/TCP, 53/UDP, a port's name, or icmp")
      .addOption(familyOption())
      .addOption(outputOption("table", "json"))
      .action(later(async () => (await import("./can.ts")).can)),
    "seam can client-0 server-0 -n lab-a --port 5201/TCP",
    "seam can lab-a/client-0 192.0.2.7 --port 443",
    "seam can client-0 server-0 -n lab-a --port icmp",
    "seam can 192.0.2.7 node:n1 --port 9100",
  );
  const policy = program.command("policy").description("network policies of a namespace");
  withExamples(
    withTarget(
      policy.command("matrix").description("who reaches whom, now and after a proposed change"),
    )
      .option(
        "-f, --filename <file...>",
        "a change: file or folder of YAML, or - for standard input",
      )
      .option(
        "--port <port...>",
        "only these, such as 80/TCP; default: all that are named anywhere",
      )
      .addOption(familyOption().default("ipv4"))
      .addOption(outputOption("table", "json"))
      .action(later(async () => (await import("./policy.ts")).matrix)),
    "seam policy matrix -n lab-a",
    "seam policy matrix -n lab-a -f examples/chain --port 5201/TCP",
  );
  addWritingCommands(policy);
  withExamples(policy, "seam policy matrix -n lab-a");
}

/** The options of what writes policies. */
const withWriting = (command: Command): Command =>
  withTarget(command)
    .option("--dry-run", "say what would be done, and do nothing")
    .option("--no-wait", "do not wait until the policies are in force on all nodes")
    .addOption(
      new Option("--timeout <duration>", "how long to wait, such as 500ms or 10s")
        .argParser(durationArgument)
        .default(millis(10_000), "10s"),
    );

function addWritingCommands(policy: Command): void {
  withExamples(
    withWriting(
      policy
        .command("allow")
        .description("let some pods open connections to others, on both sides, and write no more"),
    )
      .requiredOption("--from <labels>", "who speaks, such as app=web,tier=front")
      .requiredOption("--to <labels>", "who is spoken to")
      .option("--port <port...>", "such as 5432/tcp, 53/udp or a port's name; default: everything")
      .action(later(async () => (await import("./policy-allow.ts")).allow)),
    "seam policy allow -n lab-a --from app=web --to app=db --port 5432/tcp",
  );
  withExamples(
    withWriting(
      policy
        .command("deny")
        .description(
          "close a namespace but for questions to the cluster's DNS; allow opens it again",
        ),
    ).action(later(async () => (await import("./policy-allow.ts")).deny)),
    "seam policy deny -n lab-a",
    "seam policy deny -n lab-a --no-wait",
  );
}
