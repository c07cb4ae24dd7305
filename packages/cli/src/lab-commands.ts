/** How `seam lab` and `seam bench` are called. */
import type { Command } from "commander";
import { labOption, later, withExamples } from "./definition.ts";

type AddCommand = (usage: string, text: string) => Command;

/** Adds `lab` and its commands to the program. */
export function addLabCommands(program: Command): void {
  const lab = program.command("lab").description("a real Kubernetes cluster on this machine");
  const add: AddCommand = (usage, text) =>
    lab.command(usage).description(text).addOption(labOption());
  addUpAndDown(add);
  addLooking(add);
  addNodeCommands(add);
  withExamples(lab, "seam lab up", "seam lab status", "seam lab down");
}

function addUpAndDown(add: AddCommand): void {
  withExamples(
    add("up", "start the cluster, or repair the one that runs")
      .option("--nodes <count>", "number of nodes, 1 to 9; a smaller lab grows (default: 3)")
      .option(
        "--families <families>",
        "address families of a new lab: dual, ipv4 or ipv6 (default: dual)",
      )
      .option(
        "--network <network>",
        "the pod network: seam, or reference (the upstream bridge)",
        "seam",
      )
      .option("--api", "run the API server as well, and open a way to it from this machine")
      .action(later(async () => (await import("./lab.ts")).up)),
    "seam lab up",
    "seam lab up --api",
    "seam lab up --name second --nodes 1 --families ipv6",
  );
  withExamples(
    add("down", "remove the cluster and every trace of it").action(
      later(async () => (await import("./lab.ts")).down),
    ),
    "seam lab down",
  );
}

function addLooking(add: AddCommand): void {
  withExamples(
    add("status", "the nodes of the cluster").action(
      later(async () => (await import("./lab.ts")).showStatus),
    ),
    "seam lab status",
  );
  withExamples(
    add("kubeconfig", "print the administrator's kubeconfig").action(
      later(async () => (await import("./lab.ts")).showKubeconfig),
    ),
    "seam lab kubeconfig > kubeconfig.yaml",
  );
  withExamples(
    add("exec <node> <command...>", "run a command on a node").action(
      later(async () => (await import("./lab.ts")).exec),
    ),
    "seam lab exec n1 -- ip route",
  );
  withExamples(
    add("logs [log]", "the end of a log, such as n1-kubelet; without a name, the names").action(
      later(async () => (await import("./lab.ts")).showLog),
    ),
    "seam lab logs n1-kubelet",
  );
}

function addNodeCommands(add: AddCommand): void {
  withExamples(
    add("remove-node <node>", "end a node, delete its Node object, and forget it").action(
      later(async () => (await import("./lab.ts")).remove),
    ),
    "seam lab remove-node n3",
  );
  withExamples(
    add("readdress <node>", "give a running node other addresses").action(
      later(async () => (await import("./lab.ts")).readdress),
    ),
    "seam lab readdress n3",
  );
  withExamples(
    add("cut <node>", "cut a node off the network between nodes, as a failed switch would").action(
      later(async () => (await import("./lab.ts")).cutOff),
    ),
    "seam lab cut n3",
  );
  withExamples(
    add("heal <node>", "connect a node that was cut off").action(
      later(async () => (await import("./lab.ts")).heal),
    ),
    "seam lab heal n3",
  );
  withExamples(
    add("load-image <file>", "load an image archive into every node").action(
      later(async () => (await import("./lab.ts")).load),
    ),
    "seam lab load-image image.tar",
  );
}

/** Adds `bench` and its commands to the program. */
export function addBenchCommands(program: Command): void {
  const bench = program.command("bench").description("measurements against named peers");
  const add: AddCommand = (usage, text) =>
    bench.command(usage).description(text).option("--json", "print one JSON document");
  const rounds = ["--rounds <count>", "interleaved rounds", "9"] as const;
  withExamples(
    add("cni", "ADD and DEL against bridge + host-local + portmap")
      .addOption(labOption())
      .option("--node <node>", "on which node", "n2")
      .option(...rounds)
      .option("--samples <count>", "samples of each side in a round", "20")
      .action(later(async () => (await import("./bench.ts")).cni)),
    "seam bench cni --rounds 3 --json",
  );
  withExamples(
    add(
      "throughput",
      "TCP, round trips and connections between pods, against the reference network",
    )
      .option(...rounds)
      .option("--seconds <count>", "seconds of one measurement", "1")
      .option("--overlay <kind>", "how nodes are joined: direct or vxlan, on both sides", "direct")
      .option("--policies <count>", "NetworkPolicies that select each of Seam's pods", "0")
      .action(later(async () => (await import("./bench.ts")).throughput)),
    "seam bench throughput --overlay vxlan",
    "seam bench throughput --policies 5000",
  );
  withExamples(
    add("pods", "seconds until pods run, against the reference network")
      .option(...rounds)
      .option("--counts <list>", "how many pods at once", "1,30,110")
      .action(later(async () => (await import("./bench.ts")).pods)),
    "seam bench pods --counts 1,30",
  );
  addScaleBenches(add);
  addClusterBenches(add);
  addProgramBenches(add);
  withExamples(bench, "seam bench cni", "seam bench throughput", "seam bench pods");
}

/** What many objects cost Seam's own programs. */
function addScaleBenches(add: AddCommand): void {
  withExamples(
    add("policies", "what a change of a policy, a pod or a link costs an agent; needs root, no lab")
      .option("--pods <count>", "pods of the cluster", "10000")
      .option("--policies <count>", "policies of the cluster", "1000")
      .option("--changes <count>", "changes of each kind", "500")
      .action(later(async () => (await import("./bench.ts")).policies)),
    "seam bench policies --pods 1000 --policies 100",
  );
  withExamples(
    add("policy-cost", "what a packet costs under 1, 100 and 5,000 policies; needs root, no lab")
      .option("--rounds <count>", "measurements of each number of policies", "15")
      .option("--seconds <count>", "seconds of one measurement", "1")
      .action(later(async () => (await import("./bench.ts")).policyCost)),
    "seam bench policy-cost --rounds 5",
  );
  withExamples(
    add(
      "bandwidth",
      "how well pods' rates hold, against the CNI bandwidth plugin; needs root, no lab",
    )
      .option("--rounds <count>", "interleaved measurements of each rate and direction", "9")
      .option("--seconds <count>", "seconds of one measurement", "2")
      .action(later(async () => (await import("./bench.ts")).bandwidth)),
    "seam bench bandwidth --rounds 5",
  );
}

/** How fast single programs are, without a lab. */
function addProgramBenches(add: AddCommand): void {
  withExamples(
    add("extender", "how long vaclab-scheduler's extender takes to answer; needs no lab")
      .option("--nodes <count>", "nodes of the cluster", "1000")
      .option("--pods <count>", "pods of the cluster", "10000")
      .option("--questions <count>", "questions of each kind", "5000")
      .action(later(async () => (await import("./bench.ts")).extender)),
    "seam bench extender --nodes 5000",
  );
  withExamples(
    add("p4", "how fast programs in P4 are read and laid out; needs no lab")
      .option("--rounds <count>", "how often each program is read", "100")
      .action(later(async () => (await import("./bench.ts")).p4)),
    "seam bench p4",
  );
}

/** How fast a whole cluster takes up what is written. */
function addClusterBenches(add: AddCommand): void {
  withExamples(
    add("enforcement", "milliseconds from a policy's writing to the packets of pods on every node")
      .option("--changes <count>", "how often a policy of each kind is written and deleted", "100")
      .action(later(async () => (await import("./bench.ts")).enforcement)),
    "seam bench enforcement --changes 20",
  );
  withExamples(
    add("controller", "how fast experiments become objects, on nodes that kwok plays")
      .option("--experiments <count>", "experiments; half at the rate, half at once", "1000")
      .option("--workloads <count>", "workloads of each, one pod each", "5")
      .option("--rate <count>", "experiments per second in the first half", "3")
      .action(later(async () => (await import("./bench.ts")).controller)),
    "seam bench controller --experiments 100",
  );
  withExamples(
    add(
      "accounts",
      "how soon pods' starts and ends show in Bandwidth objects, on nodes that kwok plays",
    )
      .option("--nodes <count>", "nodes that kwok plays", "4")
      .option("--pods <count>", "pods, each of which lives for two seconds", "400")
      .option("--rate <count>", "pods that start in a second", "100")
      .action(later(async () => (await import("./bench.ts")).accounts)),
    "seam bench accounts --rate 50",
  );
  withExamples(
    add(
      "scheduling",
      "pods placed in a second with bandwidth and without, on nodes that kwok plays",
    )
      .option("--nodes <count>", "nodes that kwok plays", "1000")
      .option("--pods <count>", "pods that each scheduler places in a round", "5000")
      .option("--rounds <count>", "rounds", "2")
      .action(later(async () => (await import("./bench.ts")).scheduling)),
    "seam bench scheduling --nodes 100 --pods 500",
  );
}
