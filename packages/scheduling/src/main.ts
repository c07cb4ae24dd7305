/** The extender's process: `node scheduling.js`, beside a kube-scheduler or with a kubeconfig; `--help` names flags and variables. */
import { hostname } from "node:os";

import { ok, type Result } from "@seam/base";
import { startDaemon } from "@seam/daemon";
import {
  type ClusterConfig,
  createKubeClient,
  followLease,
  type FollowOptions,
  loadConfig,
  sleep,
  type Term,
} from "@seam/kube";

import { fenceWrites, SETTLE } from "./fence.ts";
import { serveExtender } from "./http.ts";
import { createMeter } from "./meter.ts";
import { type Options, readOptions, USAGE } from "./options.ts";
import { askKubeScheduler } from "./pair.ts";
import { createPart, isHolderOf } from "./part.ts";
import { runTerm } from "./scheduling.ts";

async function run(options: Options, config: ClusterConfig): Promise<Result<void, string>> {
  const part = createPart(options);
  await using daemon = await startDaemon({
    name: "seam-scheduling",
    port: options.port,
    logLevel: options.logLevel,
    missing: part.missing,
    pair: async () => askKubeScheduler(options.kubeSchedulerPort),
  });
  const { log, counts, signal } = daemon;
  const meter = createMeter(daemon.metrics, part.waiting);
  const client = createKubeClient(config, { onRequest: counts.requested });
  using _client = { [Symbol.dispose]: client.close };
  const serving = await serveExtender({
    port: options.extenderPort,
    tls: options.tls,
    meter,
    extender: part.extender,
    onRefused: (message) =>
      log.warn({ error: message }, "a certificate is refused; the last one stays"),
  });
  if (!serving.ok) return serving;
  await using server = serving.value;
  log.info({ port: daemon.port, extenderPort: server.port, server: config.server.href }, "started");
  const lead = async (term: Term): Promise<void> => {
    log.info({}, "leading");
    await runTerm({
      ...options,
      client: fenceWrites(client, term.isOver),
      log,
      meter,
      counts,
      signal: term.signal,
      onReady: (extender, waiting) => {
        part.begin({ extender, waiting, isOver: term.isOver });
        meter.setLeading(true);
        log.info({}, "caches are complete; answering");
      },
    });
    part.end();
    meter.setLeading(false);
    log.info({}, "no longer leading");
  };
  await takeTurns(options, { client, signal, lead, onLook: part.onLook });
  log.info({}, "stopped");
  return ok(undefined);
}

type Turns = Pick<FollowOptions, "client" | "signal" | "lead" | "onLook">;

/** Leads while the kube-scheduler beside this process does, or all the time when that elects no leader. */
async function takeTurns({ lease, namespace, host }: Options, turns: Turns): Promise<void> {
  const { signal, lead } = turns;
  if (lease === null) {
    // What a process before this one had under way ends meanwhile.
    await sleep(SETTLE, signal);
    return lead({ signal, isOver: () => signal.aborted });
  }
  const isOurs = (holder: string): boolean => isHolderOf(holder, host);
  return followLease({ ...turns, namespace, name: lease, isOurs, settle: SETTLE });
}

function fail(message: string): void {
  process.stderr.write(`seam scheduling: ${message}\n`);
  process.exitCode = 1;
}

const options = readOptions({
  argv: process.argv.slice(2),
  env: process.env,
  hostname: hostname(),
});
if (!options.ok) fail(options.error);
else if (options.value === "help") process.stdout.write(USAGE);
else {
  const { kubeconfig } = options.value;
  const config = loadConfig(kubeconfig === null ? {} : { path: kubeconfig });
  const ran = config.ok ? await run(options.value, config.value) : config;
  if (!ran.ok) fail(ran.error);
}
