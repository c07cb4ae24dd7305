/** Debian's PostgreSQL as the external one: a cluster of its own on a unix socket and, with TLS, on a loopback port; run as its own user. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import pg from "pg";

const execute = promisify(execFile);
const BIN = "/usr/lib/postgresql/15/bin";

/** The password of role `seam`; asked for over TCP alone. */
export const PASSWORD = "p%ss-w0rd";

/** A running server; dispose of it last. */
export type DebianPostgres = AsyncDisposable & {
  readonly folder: string;
  /** Port on 127.0.0.1, with TLS by `CA` in the folder. */
  readonly port: number;
  /** Makes an empty database; its URL over the unix socket. */
  readonly newDatabase: () => Promise<string>;
  readonly start: () => Promise<void>;
  /** SIGINT: an orderly stop, waited for; SIGSTOP: it hangs; SIGCONT: it goes on. */
  readonly signal: (signal: "SIGINT" | "SIGSTOP" | "SIGCONT") => Promise<void>;
};

/** Starts a server in a folder of its own. */
export async function startDebianPostgres(): Promise<DebianPostgres> {
  const { folder, data, ids } = await makeFolder();
  const port = 20_000 + (process.pid % 10_000);
  const admin = { host: folder, port, user: "seam", database: "postgres" };
  let child: ChildProcess | null = null;
  const start = async (): Promise<void> => {
    const settings = settingsOf(folder, port).flatMap((setting) => ["-c", setting]);
    const options = { ...ids, cwd: data, stdio: "ignore" } as const;
    child = spawn(`${BIN}/postgres`, ["-D", data, ...settings], options);
    await untilAnswers(admin);
  };
  await start();
  await ask(admin, `alter role seam password '${PASSWORD}'`);
  let count = 0;
  return {
    folder,
    port,
    newDatabase: async () => {
      count += 1;
      await ask(admin, `create database seam${count}`);
      return `postgres://seam@/seam${count}?host=${folder}&port=${port}`;
    },
    start,
    signal: async (signal) => {
      if (child === null) return;
      const exit = once(child, "exit");
      child.kill(signal);
      if (signal === "SIGINT") await exit;
    },
    [Symbol.asyncDispose]: async () => {
      if (child !== null && child.exitCode === null) {
        const exit = once(child, "exit");
        child.kill("SIGCONT");
        child.kill("SIGINT");
        await exit;
      }
      rmSync(folder, { recursive: true });
    },
  };
}

type Folder = { readonly folder: string; readonly data: string; readonly ids: Ids };
type Ids = { readonly uid: number; readonly gid: number };

async function makeFolder(): Promise<Folder> {
  const folder = mkdtempSync(path.join(tmpdir(), "seam-test-pg-"));
  const ids = await idsOf("postgres");
  chmodSync(folder, 0o755);
  const data = path.join(folder, "data");
  mkdirSync(data);
  chownSync(data, ids.uid, ids.gid);
  const parameters = ["--pgdata", data, "--username", "seam", "--encoding=UTF8", "--locale=C"];
  await execute(`${BIN}/initdb`, [...parameters, "--no-sync"], { ...ids, cwd: data });
  const hba = "local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n";
  writeFileSync(path.join(data, "pg_hba.conf"), hba);
  await makeCertificates(folder);
  chownSync(path.join(folder, "server.key"), ids.uid, ids.gid);
  chownSync(folder, ids.uid, ids.gid);
  return { folder, data, ids };
}

const settingsOf = (folder: string, port: number): readonly string[] => [
  `port=${port}`,
  "listen_addresses=127.0.0.1",
  `unix_socket_directories=${folder}`,
  "fsync=off", // for speed; what is acknowledged is proved on the embedded one
  "ssl=on",
  `ssl_cert_file=${folder}/server.crt`,
  `ssl_key_file=${folder}/server.key`,
];

const NEW_KEY = "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";

/** A certificate of `localhost` and the authority that signed it, `ca.crt`; and another authority, `other.crt`. */
async function makeCertificates(folder: string): Promise<void> {
  const openssl = (words: string): Promise<unknown> =>
    execute("openssl", words.split(" "), { cwd: folder });
  const authority = (name: string): Promise<unknown> =>
    openssl(`${NEW_KEY} -x509 -subj /CN=${name} -keyout ${name}.key -out ${name}.crt -days 2`);
  await Promise.all([authority("ca"), authority("other")]);
  await openssl(`${NEW_KEY} -subj /CN=localhost -keyout server.key -out server.csr`);
  writeFileSync(path.join(folder, "names"), "subjectAltName=DNS:localhost\n");
  const signed = "-CA ca.crt -CAkey ca.key -CAcreateserial -extfile names -days 2";
  await openssl(`x509 -req -in server.csr ${signed} -out server.crt`);
}

async function idsOf(user: string): Promise<Ids> {
  const { stdout } = await execute("getent", ["passwd", user]);
  const [, , uid, gid] = stdout.split(":");
  return { uid: Number(uid), gid: Number(gid) };
}

/** Runs SQL on a connection of its own. */
export async function ask(config: pg.ClientConfig | string, text: string): Promise<pg.QueryResult> {
  const client = new pg.Client(config);
  client.on("error", () => undefined);
  try {
    await client.connect();
    return await client.query(text);
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function untilAnswers(config: pg.ClientConfig): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    try {
      await ask(config, "select 1");
      return;
    } catch (error) {
      if (tries > 300) throw error;
      await pause(50);
    }
  }
}
