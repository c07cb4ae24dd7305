/** Admission's process: `node admission.js`, in a Deployment or beside a kubeconfig; `--help` names flags and variables. */
import { hostname } from "node:os";
import { startDaemon } from "@seam/daemon";
import { type ClusterConfig, createKubeClient, loadConfig, takePart } from "@seam/kube";

import { runAdmission } from "./admission.ts";
import { createMeter } from "./meter.ts";
import { type Options, readOptions, USAGE } from "./options.ts";

/** Of the lease, of the Service and of the Deployment. */
const NAME = "seam-admission";

async function run(options: Options, config: ClusterConfig): Promise<void> {
  const state = { isAnswering: false };
  await using daemon = await startDaemon({
    name: NAME,
    port: options.port,
    logLevel: options.logLevel,
    missing: () =>
      state.isAnswering ? [] : ["another process leads, or this one is beginning to"],
  });
  const { log, counts, signal } = daemon;
  const client = createKubeClient(config, { onRequest: counts.requested });
  using _client = { [Symbol.dispose]: client.close };
  const meter = createMeter(daemon.metrics);
  const { namespace, identity, families, ceilings, scheduler } = options;
  log.info({ port: daemon.port, server: config.server.href }, "started");
  await takePart({
    client,
    namespace,
    name: NAME,
    identity,
    signal,
    lead: async (term) => {
      log.info({ identity }, "leading");
      await runAdmission({
        client,
        log,
        meter,
        identity,
        signal: term,
        port: options.httpsPort,
        names: [`${NAME}.${namespace}.svc`, "localhost"],
        scheduler,
        reading: { families, ceilings },
        onReady: () => void (state.isAnswering = true),
      });
      state.isAnswering = false;
      log.info({ identity }, "no longer leading");
    },
  });
  log.info({}, "stopped");
}

function fail(message: string): void {
  process.stderr.write(`seam admission: ${message}\n`);
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
