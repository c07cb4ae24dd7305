/** The server's work: gRPC at its place until told to end, and whether the API server can be reached. */
import { existsSync } from "node:fs";
import { err, millis, ok, type Result } from "@seam/base";
import { type Log, startDaemon } from "@seam/daemon";
import { type ClusterConfig, createKubeClient, type KubeClient, sleep } from "@seam/kube";
import { followCertificate, type Place, Policy, serve, type Serving } from "@seam/wire";

import { createMeter } from "./meter.ts";
import type { Options } from "./options.ts";
import { policyService } from "./policy-service.ts";

/** Calls that run when the server is told to end may take so long; watches end at once. */
const GRACE = millis(5000);
/** kubelet replaces a Secret's files within a minute; looking costs two reads. */
const LOOK_AT_FILES = millis(5000);
const LOOK_AT_SERVER = millis(5000);

/** Runs until SIGTERM or SIGINT; the error says why it cannot start. */
export async function runServer(
  options: Options,
  config: ClusterConfig,
): Promise<Result<void, string>> {
  const state = { missing: "the API server was not reached yet" };
  await using daemon = await startDaemon({
    name: "seam-server",
    port: options.port,
    logLevel: options.logLevel,
    missing: () => (state.missing === "" ? [] : [state.missing]),
  });
  const { log, counts, signal } = daemon;
  using place = placeOf(options, log);
  if (place.error !== null) return err(place.error);
  const client = createKubeClient(config, { onRequest: counts.requested });
  using _client = { [Symbol.dispose]: client.close };
  await using serving = await serve({
    place: place.value,
    services: [{ service: Policy, methods: policyService(client, signal) }],
    listener: createMeter(daemon.metrics, log),
    grace: GRACE,
  });
  log.info({ address: serving.address, port: daemon.port, server: config.server.href }, "started");
  await followServer({ client, serving, signal }, (missing) => (state.missing = missing));
  log.info({}, "stopping");
  return ok(undefined);
}

type Followed = {
  readonly client: KubeClient;
  readonly serving: Serving;
  readonly signal: AbortSignal;
};

/** Asks the API server whether it is there; a refusal is an answer, as nobody asks in his own name. */
async function followServer(
  { client, serving, signal }: Followed,
  tell: (missing: string) => void,
): Promise<void> {
  while (!signal.aborted) {
    const answer = await client.read("/readyz");
    const reached = answer.ok || (answer.error.kind === "api" && answer.error.code < 500);
    tell(reached ? "" : `the API server: ${answer.error.message}`);
    serving.setServing(reached);
    await sleep(LOOK_AT_SERVER, signal);
  }
}

type Placed = Disposable &
  (
    | { readonly error: null; readonly value: Place }
    | { readonly error: string; readonly value: null }
  );

/** Without TLS the server is for this machine, or this pod, alone. */
function placeOf({ socket, certificate, grpcPort: port }: Options, log: Log): Placed {
  const nothing = { [Symbol.dispose]: () => undefined };
  if (socket !== null) return { ...nothing, error: null, value: { kind: "socket", path: socket } };
  if (certificate === null || !(existsSync(certificate.cert) || existsSync(certificate.key))) {
    log.warn({ certificate }, "no certificate: gRPC is served on loopback only");
    return { ...nothing, error: null, value: { kind: "loopback", port } };
  }
  const followed = followCertificate(certificate, {
    interval: LOOK_AT_FILES,
    onRefused: (error) => log.warn({ error }, "the new certificate cannot be used"),
    onReplaced: () => log.info({ certificate }, "the certificate was replaced"),
  });
  if (!followed.ok) return { ...nothing, error: followed.error, value: null };
  const { credentials } = followed.value;
  return {
    error: null,
    value: { kind: "tls", port, credentials },
    [Symbol.dispose]: () => followed.value[Symbol.dispose](),
  };
}
