/** The API server: the store, the cluster and the application together, until told to end. */
import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { err, millis, ok, type Result } from "@seam/base";
import { type Daemon, type Log, type LogLevel, startDaemon } from "@seam/daemon";
import { type ClusterConfig, createKubeClient, type KubeClient, sleep } from "@seam/kube";
import { openStore, type Store, type StoreSettings } from "@seam/store";
import { createAccess } from "./access.ts";
import { createApp } from "./app.ts";
import { type App, type Certificate, listen } from "./bare-app.ts";
import { createChangeHub } from "./change-hub.ts";
import { collectEvents } from "./event-collector.ts";
import { firstRun } from "./first-run.ts";
import { createMeter } from "./http-meter.ts";
import { createLanes } from "./lanes.ts";
import { createPrometheus } from "./prometheus.ts";
import { readStaticFiles } from "./static-files.ts";

/** How the API server is started. */
export type ApiServerSettings = {
  readonly cluster: ClusterConfig;
  readonly store: StoreSettings;
  /** Address to listen on; without a certificate one of this machine's own. */
  readonly host: string;
  /** Address of /healthz, /readyz and /metrics. */
  readonly healthHost: string;
  /** Ports of the API, and of /healthz, /readyz and /metrics; 0 lets the kernel choose. */
  readonly port: number;
  readonly healthPort: number;
  /** Files in PEM form. */
  readonly certificate: { readonly cert: string; readonly key: string } | null;
  /** Base URL of the Prometheus that metrics are asked of; null: there is none. */
  readonly prometheus: URL | null;
  /** Folder of the built dashboard; where it holds none, the API is served alone. */
  readonly dashboard: string;
  readonly logLevel: LogLevel;
  /** Makes a new token of the first account, as at the first start. */
  readonly newAdminToken: boolean;
  /** Told once, on the first start: it is nowhere else. */
  readonly tellSecret: (secret: string) => void;
};

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|::1|localhost)$/;
const LIMITS = {
  address: { burst: 400, perSecond: 200 },
  signIn: { burst: 10, perSecond: 0.2 },
};

/** Runs until SIGTERM or SIGINT; the error says why it cannot start. */
export async function runApiServer(settings: ApiServerSettings): Promise<Result<void, string>> {
  const tls = readCertificate(settings);
  if (!tls.ok) return tls;
  const missing = new Set(["the store was not opened yet"]);
  await using daemon = await startDaemon({
    name: "seam-api",
    port: settings.healthPort,
    host: settings.healthHost,
    logLevel: settings.logLevel,
    missing: () => [...missing],
  });
  const opened = await openStore(settings.store);
  if (!opened.ok) return err(opened.error.message);
  await using store = opened.value;
  const ready = await prepared(store, daemon);
  if (!ready.ok) return ready;
  const kube = createKubeClient(settings.cluster, { onRequest: daemon.counts.requested });
  using _kube = { [Symbol.dispose]: kube.close };
  const first = await firstRun({ store, kube, force: settings.newAdminToken });
  if (!first.ok) return first;
  if (first.value !== null) settings.tellSecret(first.value);
  await serve(settings, { daemon, store, kube, tls: tls.value, missing });
  return ok(undefined);
}

type Parts = {
  readonly daemon: Daemon;
  readonly store: Store;
  readonly kube: KubeClient;
  readonly tls: Certificate | null;
  readonly missing: Set<string>;
};

async function serve(settings: ApiServerSettings, parts: Parts): Promise<void> {
  const { daemon, store, kube, tls, missing } = parts;
  const { log, signal } = daemon;
  await using hub = createChangeHub(store.feed);
  const access = createAccess(kube);
  const isSecure = tls !== null;
  const context = {
    kube,
    store,
    access,
    hub,
    lanes: createLanes(),
    prometheus: settings.prometheus && createPrometheus(settings.prometheus),
    log,
    isSecure,
    signal,
  };
  const onAnswered = createMeter(daemon.metrics, log);
  const collecting = collectEvents({ kube, journal: store.journal, log, signal });
  const files = readStaticFiles(settings.dashboard);
  const app = await createApp(context, { tls, limits: LIMITS, files, onAnswered });
  using expiry = every(EXPIRY_MS, () => expire(store, log));
  using looking = every(LOOK, () => look(parts));
  await looking.now();
  void expiry.now();
  const address = await listen(app, tls, { host: settings.host, port: settings.port });
  missing.delete("the store was not opened yet");
  if (files === null)
    log.warn({ folder: settings.dashboard }, "there is no dashboard; npm run build makes it");
  log.info({ address, healthPort: daemon.port, store: store.place }, "started");
  await ended(signal);
  log.info({}, "stopping");
  await Promise.all([closed(app), collecting]);
}

const GRACE = millis(5000);

/** Requests that run may end; streams have ended with the signal. */
async function closed(app: App): Promise<void> {
  await Promise.race([app.close(), pause(GRACE, undefined, { ref: false })]);
}

const ended = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });

function readCertificate({
  certificate,
  host,
}: ApiServerSettings): Result<Certificate | null, string> {
  if (certificate === null)
    return LOOPBACK.test(host)
      ? ok(null)
      : err(
          `--host ${host}: without a certificate the API is for this machine alone; give --tls-cert and --tls-key`,
        );
  try {
    return ok({
      cert: readFileSync(certificate.cert, "utf8"),
      key: readFileSync(certificate.key, "utf8"),
    });
  } catch (error) {
    return err(`--tls-cert, --tls-key: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** A store that is away at the start is waited for, as a pod may start before its database. */
async function prepared(store: Store, { log, signal }: Daemon): Promise<Result<null, string>> {
  for (;;) {
    const migrated = await store.schema.migrate();
    if (migrated.ok) return ok(null);
    const { code, message } = migrated.error;
    if (code !== "unavailable" || signal.aborted) return err(message);
    log.warn({ error: message }, "the store is away; it is tried again");
    await sleep(LOOK, signal);
  }
}

const HOUR_MS = 3_600_000;
const EXPIRY_MS = HOUR_MS;
const LOOK = millis(5000);

type Repeated = Disposable & { readonly now: () => Promise<void> };

/** Runs work at intervals, never twice at a time. */
function every(intervalMs: number, work: () => Promise<void>): Repeated {
  let running: Promise<void> | null = null;
  const now = async (): Promise<void> => {
    running ??= work().finally(() => {
      running = null;
    });
    await running;
  };
  const timer = setInterval(() => void now(), intervalMs);
  return { now, [Symbol.dispose]: () => clearInterval(timer) };
}

/** What is too old goes, once an hour. */
async function expire(store: Store, log: Log): Promise<void> {
  const gone = await store.retention.apply();
  const over = await store.credentials.expire();
  if (!gone.ok || !over.ok) {
    log.warn({ gone, over }, "what is too old was not deleted; it is tried again in an hour");
    return;
  }
  const rows = Object.fromEntries([...gone.value].filter(([, count]) => count > 0));
  log.info({ rows, credentials: over.value }, "what was too old is deleted");
}

const STORE = "the store is away";
const CLUSTER = "the API server of the cluster is away";

async function look({ store, kube, missing }: Parts): Promise<void> {
  const [health, version] = await Promise.all([store.health(), kube.read("/version")]);
  for (const [name, isThere] of [
    [STORE, health.ok],
    [CLUSTER, version.ok],
  ] as const) {
    if (isThere) missing.delete(name);
    else missing.add(name);
  }
}
