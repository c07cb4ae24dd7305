/** Which queues and classifiers a kernel lacks to hold pods to their rates (decision 24), tried out in a network namespace that ends with the trial. */
import { spawnSync } from "node:child_process";

/** What is needed, and the command of tc that needs nothing else; each builds on those before. */
export type QueueTrial = { readonly needs: string; readonly command: string };

/** All that shapers and shared links are made of. */
export const RATE_QUEUES: readonly QueueTrial[] = [
  { needs: "sch_htb", command: "qdisc add dev lo root handle 1: htb" },
  {
    needs: "sch_tbf",
    command: "qdisc add dev lo root handle 2: tbf rate 1mbit burst 10k limit 10k",
  },
  {
    needs: "cls_bpf",
    command: "filter add dev lo parent 1: bpf bytecode '1,6 0 0 4294967295' classid 1:1",
  },
];

/** What the kernel does not have of what these need, with what it says; null: it has all. */
export function tryQueues(queues: readonly QueueTrial[]): string | null {
  const tries = queues.map(({ command }, index) =>
    // Each in a namespace of its own; a classifier needs something to choose in.
    [
      `unshare --net sh -c "ip link set lo up`,
      ...(command.startsWith("filter") ? ["tc qdisc add dev lo root handle 1: htb"] : []),
      `tc ${command}" 2>&1 | head -n 1 | sed 's/^/${index} /'`,
    ].join("; "),
  );
  const { status, stdout, stderr, error } = spawnSync("sh", ["-c", tries.join("\n")], {
    encoding: "utf8",
  });
  if (status !== 0) return error?.message ?? stderr.trim();
  const refused = stdout.split("\n").flatMap((line) => {
    const [index = "", ...said] = line.split(" ");
    const queue = line === "" ? undefined : queues[Number(index)];
    return queue === undefined ? [] : [`no ${queue.needs}: ${said.join(" ")}`];
  });
  return refused.length === 0 ? null : refused.join("; ");
}
