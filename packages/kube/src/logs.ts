/** What a container printed, as its bytes come; on demand until the container ends. */
import { millis } from "@seam/base";
import type { Answer } from "./client.ts";
import type { ContainerRef } from "./exec.ts";
import type { Transport } from "./transport.ts";

/** Which part of a container's log, and a way to end early. */
export type LogQuery = {
  /** Goes on until the container ends. */
  readonly follow?: boolean;
  /** Only the last lines. */
  readonly tailLines?: number;
  /** Only what was printed in the last seconds. */
  readonly sinceSeconds?: number;
  /** Of the container's run before this one. */
  readonly previous?: boolean;
  readonly signal?: AbortSignal;
};

/** Reads a container's log; ends when all was read or, following, when the container ended. */
export type Logs = (
  ref: ContainerRef,
  query: LogQuery,
  onBytes: (part: Buffer) => void,
) => Answer<void>;

const PATIENCE = millis(60_000);
/** A program may be silent for as long as it likes. */
const FOR_EVER = millis(0);

/** `logs` over a transport. */
export const logsOver =
  (transport: Transport): Logs =>
  (ref, query, onBytes) =>
    transport.bytes(
      {
        method: "GET",
        path: logPath(ref, query),
        accept: "*/*",
        inactivity: query.follow === true ? FOR_EVER : PATIENCE,
        ...(query.signal === undefined ? {} : { signal: query.signal }),
      },
      onBytes,
    );

/** The path and query that ask for a log. */
export function logPath(ref: ContainerRef, query: LogQuery): string {
  const { follow, tailLines, sinceSeconds, previous } = query;
  const search = new URLSearchParams();
  if (ref.container !== undefined) search.set("container", ref.container);
  for (const [key, value] of Object.entries({ follow, tailLines, sinceSeconds, previous }))
    if (value !== undefined) search.set(key, String(value));
  const pod = `${encodeURIComponent(ref.namespace)}/pods/${encodeURIComponent(ref.pod)}`;
  return `/api/v1/namespaces/${pod}/log?${search.toString()}`;
}
