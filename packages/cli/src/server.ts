/** `seam server`: the HTTP API with its accounts and its store. */
import { fileURLToPath } from "node:url";
import { type LogLevel } from "@seam/daemon";
import { loadConfig } from "@seam/kube";
import { runApiServer } from "@seam/server";
import { settingsOf, type StorePlace } from "./store.ts";

type Flags = StorePlace & {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly host: string;
  readonly port: number;
  readonly healthPort: number;
  readonly dashboard?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly logLevel: LogLevel;
  readonly newAdminToken?: boolean;
};

/** Where `npm run build` puts the page. */
const DASHBOARD = fileURLToPath(new URL("../../dashboard/dist", import.meta.url));

/** The action of `seam server`. */
export async function server(flags: Flags): Promise<void> {
  const { kubeconfig, context, host, port, healthPort, tlsCert, tlsKey, logLevel } = flags;
  if ((tlsCert === undefined) !== (tlsKey === undefined))
    throw new Error("--tls-cert, --tls-key: expected both, or none");
  const cluster = loadConfig({
    ...(kubeconfig === undefined ? {} : { path: kubeconfig }),
    ...(context === undefined ? {} : { context }),
  });
  if (!cluster.ok) throw new Error(cluster.error);
  const store = settingsOf({ ...flags, mayMake: true });
  if (!store.ok) throw new Error(store.error.message);
  const ran = await runApiServer({
    cluster: cluster.value,
    store: store.value,
    host,
    port,
    healthPort,
    certificate:
      tlsCert === undefined || tlsKey === undefined ? null : { cert: tlsCert, key: tlsKey },
    dashboard: flags.dashboard ?? DASHBOARD,
    logLevel,
    newAdminToken: flags.newAdminToken === true,
    tellSecret,
  });
  if (!ran.ok) throw new Error(ran.error);
}

/** Not on standard output, which is the log. */
function tellSecret(secret: string): void {
  process.stderr.write(`Token of the account admin, shown this once: ${secret}\n`);
}
