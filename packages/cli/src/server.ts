/** `seam server`: the HTTP API with its accounts and its store. */
import { fileURLToPath } from "node:url";
import { type LogLevel } from "@seam/daemon";
import { loadConfig } from "@seam/kube";
import { newAdminToken, runApiServer, type Surroundings } from "@seam/server";
import { print } from "./session.ts";
import { settingsOf, type StorePlace } from "./store.ts";

type Place = StorePlace & {
  readonly kubeconfig?: string;
  readonly context?: string;
};

type Flags = Place & {
  readonly host: string;
  readonly port: number;
  readonly healthHost?: string;
  readonly healthPort: number;
  readonly dashboard?: string;
  readonly tlsCert?: string;
  readonly prometheus?: URL;
  readonly tlsKey?: string;
  readonly logLevel: LogLevel;
  readonly newAdminToken?: boolean;
};

/** Where `npm run build` puts the page. */
const DASHBOARD = fileURLToPath(new URL("../../dashboard/dist", import.meta.url));

/** The action of `seam server`. */
export async function server(flags: Flags): Promise<void> {
  const { host, port, healthPort, tlsCert, tlsKey, logLevel } = flags;
  if ((tlsCert === undefined) !== (tlsKey === undefined))
    throw new Error("--tls-cert, --tls-key: expected both, or none");
  const ran = await runApiServer({
    ...surroundingsOf(flags, true),
    host,
    healthHost: flags.healthHost ?? host,
    port,
    healthPort,
    certificate:
      tlsCert === undefined || tlsKey === undefined ? null : { cert: tlsCert, key: tlsKey },
    prometheus: flags.prometheus ?? null,
    dashboard: flags.dashboard ?? DASHBOARD,
    logLevel,
    newAdminToken: flags.newAdminToken === true,
    tellSecret,
  });
  if (!ran.ok) throw new Error(ran.error);
}

/** The action of `seam token`. */
export async function token(flags: Place): Promise<void> {
  const made = await newAdminToken(surroundingsOf(flags, false));
  if (!made.ok) throw new Error(made.error);
  print(made.value);
}

/** The cluster and the store that options name; the embedded store may be made. */
function surroundingsOf({ kubeconfig, context, ...place }: Place, mayMake: boolean): Surroundings {
  const cluster = loadConfig({
    ...(kubeconfig === undefined ? {} : { path: kubeconfig }),
    ...(context === undefined ? {} : { context }),
  });
  if (!cluster.ok) throw new Error(cluster.error);
  const store = settingsOf({ ...place, mayMake });
  if (!store.ok) throw new Error(store.error.message);
  return { cluster: cluster.value, store: store.value };
}

/** Not on standard output, which is the log. */
function tellSecret(secret: string): void {
  process.stderr.write(`Token of the account admin, shown this once: ${secret}\n`);
}
