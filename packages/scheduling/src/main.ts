/** The extender's process: `node scheduling.js`, beside a kube-scheduler or with a kubeconfig; `--help` names flags and variables. */
import { hostname } from "node:os";

import { err, ok, type Result } from "@seam/base";
import { startDaemon } from "@seam/daemon";
import { type ClusterConfig, createKubeClient, loadConfig, takePart } from "@seam/kube";

import type { Extender } from "./extender.ts";
import { serveExtender } from "./http.ts";
import { createMeter } from "./meter.ts";
import { type Options, readOptions, USAGE } from "./options.ts";
import { runTerm } from "./scheduling.ts";
import type { WaitingPods } from "./waiting.ts";

const STANDING_BY =
  "this process stands by: another one answers, or none has the cluster's objects yet";

async function run(options: Options, config: ClusterConfig): Promise<Result<void, string>> {
  const state: { term: { extender: Extender; waiting: WaitingPods } | null } = { term: null };
  await using daemon = await startDaemon({
    name: "seam-scheduling",
    port: options.port,
    logLevel: options.logLevel,
    missing: () => (state.term === null ? [STANDING_BY] : []),
  });
  const { log, counts, signal } = daemon;
  const meter = createMeter(daemon.metrics, () => state.term?.waiting.count() ?? 0);
  const client = createKubeClient(config, { onRequest: counts.requested });
  using _client = { [Symbol.dispose]: client.close };
  const serving = await serveExtender({
    port: options.extenderPort,
    tls: options.tls,
    meter,
    extender: () => (state.term === null ? err(STANDING_BY) : ok(state.term.extender)),
    onRefused: (message) =>
      log.warn({ error: message }, "a certificate is refused; the last one stays"),
  });
  if (!serving.ok) return serving;
  await using server = serving.value;
  log.info({ port: daemon.port, extenderPort: server.port, server: config.server.href }, "started");
  const { namespace, identity } = options;
  await takePart({
    client,
    namespace,
    name: "seam-scheduling",
    identity,
    signal,
    lead: async (term) => {
      log.info({ identity }, "leading");
      term.addEventListener("abort", () => void (state.term = null));
      const onReady = (extender: Extender, waiting: WaitingPods): void => {
        state.term = { extender, waiting };
        meter.setLeading(true);
        log.info({}, "caches are complete; answering");
      };
      await runTerm({ ...options, client, log, meter, counts, signal: term, onReady });
      state.term = null;
      meter.setLeading(false);
      log.info({ identity }, "no longer leading");
    },
  });
  log.info({}, "stopped");
  return ok(undefined);
}

function fail(message: string): void {
  process.stderr.write(`seam scheduling: ${message}\n`);
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
  const ran = config.ok ? await run(options.value, config.value) : config;
  if (!ran.ok) fail(ran.error);
}
