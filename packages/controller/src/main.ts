/** The controller's process: `node controller.js`, in a Deployment or beside a kubeconfig; `--help` names flags and variables. */
import { hostname } from "node:os";
import { FIELD_MANAGER } from "@seam/compose";
import { millis } from "@seam/base";
import { startDaemon } from "@seam/daemon";
import {
  createEventRecorder,
  createKubeClient,
  loadConfig,
  takePart,
  type ClusterConfig,
} from "@seam/kube";
import { runController } from "./controller.ts";
import { createMeter } from "./meter.ts";
import { readOptions, USAGE, type Options } from "./options.ts";

/** A thousand experiments may become Ready at once, each with some news; the limits for one object are those of every recorder. */
const NEWS_OF_MANY = { entries: 4096, burst: 100, refill: millis(50) };

async function run(options: Options, config: ClusterConfig): Promise<void> {
  const state = { isSyncing: false };
  const missing = (): readonly string[] =>
    state.isSyncing ? ["the caches of the cluster's objects are not complete yet"] : [];
  await using daemon = await startDaemon({
    name: "seam-controller",
    port: options.port,
    logLevel: options.logLevel,
    missing,
  });
  const { log, counts, signal } = daemon;
  const meter = createMeter(daemon.metrics);
  const client = createKubeClient(config, { onRequest: counts.requested });
  using _client = { [Symbol.dispose]: client.close };
  await using recorder = createEventRecorder({
    client,
    reporter: { controller: FIELD_MANAGER, instance: options.identity },
    limits: NEWS_OF_MANY,
    ...counts.events,
  });
  const { report } = recorder;
  log.info({ port: daemon.port, server: config.server.href }, "started");
  const { namespace, identity, bandwidth } = options;
  const running = { client, report, counts, log, meter, namespace, bandwidth };
  await takePart({
    client,
    namespace,
    name: "seam-controller",
    identity,
    signal,
    lead: async (term) => {
      log.info({ identity }, "leading");
      state.isSyncing = true;
      meter.setLeading(true);
      const onSynced = (): void => void (state.isSyncing = false);
      await runController({ ...running, signal: term, onSynced });
      meter.setLeading(false);
      state.isSyncing = false;
      log.info({ identity }, "no longer leading");
    },
  });
  log.info({}, "stopped");
}

function fail(message: string): void {
  process.stderr.write(`seam controller: ${message}\n`);
  process.exitCode = 1;
}

const options = readOptions({
  argv: process.argv.slice(2),
  env: process.env,
  hostname: hostname(),
  pid: process.pid,
});
if (!options.ok) fail(options.error);
else if (options.value === "help") process.stdout.write(USAGE);
else {
  const { kubeconfig } = options.value;
  const config = loadConfig(kubeconfig === null ? {} : { path: kubeconfig });
  if (config.ok) await run(options.value, config.value);
  else fail(config.error);
}
