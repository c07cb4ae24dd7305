/** The server's process: `node server.js`, in a Deployment or beside a kubeconfig; `--help` names flags and variables. */
import { loadConfig } from "@seam/kube";

import { readOptions, USAGE } from "./options.ts";
import { runServer } from "./server.ts";

function fail(message: string): void {
  process.stderr.write(`seam server: ${message}\n`);
  process.exitCode = 1;
}

const options = readOptions(process.argv.slice(2), process.env);
if (!options.ok) fail(options.error);
else if (options.value === "help") process.stdout.write(USAGE);
else {
  const { kubeconfig } = options.value;
  const anonymous = { anonymous: true } as const;
  const config = loadConfig(kubeconfig === null ? anonymous : { path: kubeconfig, ...anonymous });
  const ran = config.ok ? await runServer(options.value, config.value) : config;
  if (!ran.ok) fail(ran.error);
}
