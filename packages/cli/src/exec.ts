/** `seam exec`: runs a command in a pod; its exit code becomes that of `seam`. */
import { on } from "node:events";
import { containerOf, findPods, fromKube, runsNow, type Seam, type SeamError } from "@seam/client";
import type { Conversation, KubeObject, TerminalShape } from "@seam/kube";
import type { Target } from "./definition.ts";
import { fail, withSeam } from "./session.ts";

type ExecFlags = Target & {
  readonly container?: string;
  readonly stdin?: boolean;
  readonly tty?: boolean;
};

/** The action of `seam exec`. */
export async function exec(
  word: string,
  command: readonly string[],
  flags: ExecFlags,
): Promise<void> {
  await withSeam(flags, async (seam) => {
    const pods = await findPods(seam, word);
    if (!pods.ok) {
      fail(pods.error);
      return;
    }
    const pod = pods.value.find(runsNow);
    if (pod === undefined) fail(noneRuns(word, pods.value));
    else await run(seam, { pod, command }, flags);
  });
}

function noneRuns(word: string, pods: readonly KubeObject[]): SeamError {
  const names = pods.map(({ metadata }) => metadata.name).join(", ");
  const [first] = pods;
  const hint = `See what it says: seam describe pod ${first?.metadata.name ?? ""} -n ${first?.metadata.namespace ?? ""}`;
  return { code: "Failed", message: `no pod of ${word} runs: ${names}`, hint, details: [] };
}

type Job = { readonly pod: KubeObject; readonly command: readonly string[] };

async function run({ kube }: Seam, { pod, command }: Job, flags: ExecFlags): Promise<void> {
  const container = containerOf(pod, flags.container);
  if (!container.ok) {
    fail(container.error);
    return;
  }
  const { name, namespace = "" } = pod.metadata;
  const ref = { namespace, pod: name, container: container.value };
  const ended = await talk(flags, (conversation) => kube.interact(ref, command, conversation));
  if (ended.ok) process.exitCode = ended.value;
  else fail(fromKube(`run a command in pod ${namespace}/${name}`, ended.error));
}

/** Connects the command with this process's streams; a terminal is raw as long as the command runs. */
async function talk<T>(
  flags: ExecFlags,
  use: (conversation: Conversation) => Promise<T>,
): Promise<T> {
  const { stdin, stdout, stderr } = process;
  const output = {
    onOutput: (part: Buffer): void => void stdout.write(part),
    onErrors: (part: Buffer): void => void stderr.write(part),
  };
  const withTerminal = flags.tty === true && stdin.isTTY;
  if (flags.tty === true && !stdin.isTTY)
    stderr.write("seam: standard input is not a terminal, so the command gets none\n");
  if (flags.stdin !== true && flags.tty !== true) return use(output);
  const ended = new AbortController();
  if (withTerminal) stdin.setRawMode(true);
  try {
    const shapes = withTerminal ? { shapes: shapesOf(stdout, ended.signal) } : {};
    return await use({ ...output, input: stdin, ...shapes });
  } finally {
    ended.abort();
    if (withTerminal) stdin.setRawMode(false);
    stdin.destroy();
  }
}

/** The shape of the terminal now, and each time it changes. */
async function* shapesOf(
  stream: NodeJS.WriteStream,
  signal: AbortSignal,
): AsyncGenerator<TerminalShape, void> {
  yield { columns: stream.columns, rows: stream.rows };
  try {
    for await (const _ of on(stream, "resize", { signal }))
      yield { columns: stream.columns, rows: stream.rows };
  } catch {
    // The signal ends it.
  }
}
