/** Logs of one pod as they are, or of several line by line, each with its pod's name. */
import type { KubeClient, KubeObject, LogQuery } from "@seam/kube";
import { fromKube, nameOf, type SeamError } from "./error.ts";
import { containerOf } from "./targets.ts";

/** Which part of the logs, of which container, and where it goes. */
export type LogOptions = LogQuery & {
  readonly container?: string;
  readonly onBytes: (part: Uint8Array) => void;
};

/** Reads the logs of all pods, at once when they are followed and else one after another; the value is what failed. */
export async function readLogs(
  kube: KubeClient,
  pods: readonly KubeObject[],
  options: LogOptions,
): Promise<readonly SeamError[]> {
  const read = async (pod: KubeObject): Promise<readonly SeamError[]> => {
    if (pods.length === 1) return readOne(kube, pod, options);
    const lines = prefixLines(`[${pod.metadata.name}] `, options.onBytes);
    const failed = await readOne(kube, pod, { ...options, onBytes: lines.take });
    lines.end();
    return failed;
  };
  if (options.follow === true) return (await Promise.all(pods.map(read))).flat();
  const failed: SeamError[] = [];
  for (const pod of pods) failed.push(...(await read(pod)));
  return failed;
}

async function readOne(
  kube: KubeClient,
  pod: KubeObject,
  { container: named, onBytes, ...query }: LogOptions,
): Promise<readonly SeamError[]> {
  const container = containerOf(pod, named);
  if (!container.ok) return [container.error];
  const { name, namespace = "" } = pod.metadata;
  const ref = { namespace, pod: name, container: container.value };
  const ended = await kube.logs(ref, query, onBytes);
  if (ended.ok || query.signal?.aborted === true) return [];
  const attempt = `read the log of ${nameOf({ kind: "Pod", name, namespace })}`;
  const hint = `See what it says: seam describe pod ${name} -n ${namespace}`;
  return [{ ...fromKube(attempt, ended.error), hint }];
}

/** Takes bytes and hands on whole lines with a prefix before each; `end` hands on a last line that was cut. Pure but for that. */
export function prefixLines(
  prefix: string,
  onBytes: (part: Uint8Array) => void,
): { readonly take: (part: Uint8Array) => void; readonly end: () => void } {
  const head = Buffer.from(prefix);
  const newline = Buffer.from("\n");
  let rest = Buffer.alloc(0);
  return {
    take: (part) => {
      rest = Buffer.concat([rest, part]);
      // A newline is never part of another character in UTF-8.
      for (let end = rest.indexOf("\n"); end >= 0; end = rest.indexOf("\n")) {
        onBytes(Buffer.concat([head, rest.subarray(0, end + 1)]));
        rest = rest.subarray(end + 1);
      }
    },
    end: () => {
      if (rest.length > 0) onBytes(Buffer.concat([head, rest, newline]));
      rest = Buffer.alloc(0);
    },
  };
}
