/** Debian's Prometheus, looking every second at one exposition of metrics; the binary is in the folder that `SEAM_PROMETHEUS_BIN` names. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";

/** A Prometheus that answers; disposing of it leaves nothing. */
export type RunningPrometheus = AsyncDisposable & { readonly url: URL };

/** Starts it; `expose` is asked at each look. */
export async function startPrometheus(expose: () => string): Promise<RunningPrometheus> {
  const folder = mkdtempSync(path.join(tmpdir(), "seam-test-prometheus-"));
  const target = createServer((_, response) => {
    response.setHeader("content-type", "text/plain; version=0.0.4");
    response.end(expose());
  }).listen(0, "127.0.0.1");
  await once(target, "listening");
  const job = { job_name: "test", static_configs: [{ targets: [`127.0.0.1:${portOf(target)}`] }] };
  const config = { global: { scrape_interval: "1s", scrape_timeout: "1s" }, scrape_configs: [job] };
  // JSON is YAML too.
  writeFileSync(path.join(folder, "prometheus.yml"), JSON.stringify(config));
  const url = new URL(`http://127.0.0.1:${await freePort()}`);
  const program = path.join(process.env["SEAM_PROMETHEUS_BIN"] ?? "", "prometheus");
  const flags = [
    `--config.file=${folder}/prometheus.yml`,
    `--storage.tsdb.path=${folder}/data`,
    `--web.listen-address=${url.host}`,
  ];
  const child = spawn(program, flags, { stdio: "ignore" });
  await untilReady(url);
  return {
    url,
    [Symbol.asyncDispose]: async () => {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
      target.closeAllConnections();
      target.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const portOf = (server: ReturnType<typeof createServer>): number => {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
};

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const port = portOf(server);
  server.close();
  return port;
}

async function untilReady(url: URL): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    const ready = await fetch(new URL("/-/ready", url)).catch(() => null);
    if (ready?.ok === true) return;
    await pause(100);
  }
  throw new Error("Prometheus was not ready within 30 s");
}
