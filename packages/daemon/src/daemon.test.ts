/** The frame of a long-running program, asked over HTTP as a probe and Prometheus ask. */
import { readFileSync } from "node:fs";

import { err, ok } from "@seam/base";
import { expect, test } from "vitest";

import { type Daemon, logLevelOf, startDaemon } from "./index.ts";
import { SEAM_VERSION } from "./version.ts";

const missing: string[] = [];
const start = async (): Promise<Daemon> =>
  startDaemon({ name: "seam-test", port: 0, host: "127.0.0.1", missing: () => missing });
const ask = async ({ port }: Daemon, path: string): Promise<string> => {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`);
  return `${answer.status} ${await answer.text()}`;
};

test("health is of the process, readiness says what is missing, other paths are told what there is", async () => {
  await using daemon = await start();
  missing.splice(0, 1, "waiting for the first list of nodes", "waiting for the pod prefixes");
  expect(await ask(daemon, "/healthz")).toBe("200 ok");
  expect(await ask(daemon, "/readyz?verbose")).toBe(
    "503 waiting for the first list of nodes\nwaiting for the pod prefixes",
  );
  missing.length = 0;
  expect(await ask(daemon, "/readyz")).toBe("200 ok");
  expect(await ask(daemon, "/")).toBe("404 expected /healthz, /readyz or /metrics");
});

test("what is paired with another process tells whether that is alive", async () => {
  const answers = [ok(undefined), err("kube-scheduler answered 500")];
  await using daemon = await startDaemon({
    name: "seam-test",
    port: 0,
    host: "127.0.0.1",
    missing: () => [],
    pair: async () => answers.shift() ?? err("nobody"),
  });
  expect(await ask(daemon, "/pairz")).toBe("200 ok");
  expect(await ask(daemon, "/pairz")).toBe("503 kube-scheduler answered 500");
  await using alone = await start();
  expect(await ask(alone, "/pairz")).toBe("503 this program has no pair");
});

test("metrics tell the version, the process and the event loop from the start", async () => {
  await using daemon = await start();
  daemon.counts.watchBroke("Node");
  daemon.counts.events.onLost("overflow", null);
  const metrics = await ask(daemon, "/metrics");
  expect(metrics).toContain(`seam_build_info{program="seam-test",version="${SEAM_VERSION}"} 1`);
  expect(metrics).toMatch(/^process_resident_memory_bytes \d+/m);
  expect(metrics).toMatch(/^nodejs_eventloop_lag_p99_seconds /m);
  expect(metrics).toContain('seam_watch_restarts_total{kind="Node"} 1');
  expect(metrics).toContain('seam_events_lost_total{cause="overflow"} 1');
  expect(metrics).toContain("seam_events_written_total 0");
});

test("the version is that of the package", () => {
  const file = new URL("../../../package.json", import.meta.url);
  expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ version: SEAM_VERSION });
});

test.each([
  ["warn", "warn"],
  ["loud", null],
  ["", null],
])("log level %j is %j", (text, level) => {
  expect(logLevelOf(text)).toBe(level);
});
