/**
 * Whether the kube-scheduler beside the extender is alive. Its container's liveness is asked here, so that one whose extender does not
 * run for long is ended as well: it would keep the lease, and nobody would place pods.
 */
import { once } from "node:events";
import { type IncomingMessage } from "node:http";
import { request } from "node:https";

import { err, ok, type Result } from "@seam/base";

const LIMIT_MS = 4000;

/** Asks kube-scheduler's `/livez` on its port, which it serves with a certificate that it made for itself. */
export async function askKubeScheduler(port: number): Promise<Result<void, string>> {
  const signal = AbortSignal.timeout(LIMIT_MS);
  const asking = request({
    host: "127.0.0.1",
    port,
    path: "/livez",
    rejectUnauthorized: false,
    agent: false,
    signal,
  });
  asking.end();
  try {
    const [answer]: IncomingMessage[] = await once(asking, "response", { signal });
    answer?.resume();
    const status = answer?.statusCode ?? 0;
    return status === 200 ? ok(undefined) : err(`kube-scheduler answered ${status} at /livez`);
  } catch (error) {
    return err(`kube-scheduler does not answer at /livez: ${String(error)}`);
  }
}
