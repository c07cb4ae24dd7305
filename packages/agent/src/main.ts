/**
 * Entry of the agent's container; with `--show-node` it asks the agent that runs on this node what the node
 * should look like, prints the answer as JSON, and ends; with the `spec` of a NetworkConfig behind it, as JSON, what
 * it would look like then. Environment: `NODE_NAME` (required, from the downward API); `SEAM_DAEMONSET` (namespace/name: the plug-in goes when it is deleted), `SEAM_PROC_SYS` (/proc/sys, see
 * `@seam/kernel`), `SEAM_STORE`, `SEAM_CNI_CACHE`, `SEAM_CNI_SOCKET`, `SEAM_VIEW_SOCKET`, `SEAM_HTTP_PORT` (9811), `SEAM_LOG_LEVEL` (info),
 * `SEAM_EGRESS_ANNOTATION`, `SEAM_INGRESS_ANNOTATION` (annotations with pods' rates that are read first), `SEAM_EGRESS_CEILING_ANNOTATION`,
 * `SEAM_INGRESS_CEILING_ANNOTATION` (those with how far pods may go beyond their rates), `SEAM_RATE_UNITS` (kubernetes, or
 * vaclab: whole numbers are Mbit/s in every annotation),
 * `SEAM_GUARANTEES` (configured, known or off: on which nodes reservations are kept free on the way to others), `SEAM_REPLACE_QUEUES` (false)
 * and `SEAM_SHIM`,
 * `SEAM_CNI_BIN`, `SEAM_CNI_CONF` for other places.
 */
import { CEILING_KEYS, OVN_KEYS, RATE_READINGS, type RateReading } from "@seam/bandwidth";
import { LOG_LEVELS, type LogLevel, logLevelOf, wordFlag } from "@seam/daemon";
import { isJson, loadConfig } from "@seam/kube";

import { type AgentOptions, runAgent } from "./agent.ts";
import { GUARANTEE_MODES, type GuaranteeOptions } from "./guarantees.ts";
import type { PluginPlaces } from "./install-plugin.ts";
import { askNodeView } from "./node-view-server.ts";

const { env } = process;

function end(message: string): never {
  process.stderr.write(`seam-agent: ${message}\n`);
  process.exit(1);
}

const viewSocket = env["SEAM_VIEW_SOCKET"] ?? "/run/seam/node.sock";

async function showNode(networkConfig: string | undefined): Promise<void> {
  const spec: unknown = JSON.parse(networkConfig ?? "null");
  if (spec !== null && !isJson(spec)) end("--show-node: expected the spec of a NetworkConfig");
  const view = await askNodeView(viewSocket, { networkConfig: spec });
  if (!view.ok) end(view.error);
  process.stdout.write(`${JSON.stringify(view.value)}\n`);
}

function logLevel(): LogLevel {
  const text = env["SEAM_LOG_LEVEL"] ?? "info";
  const expected = LOG_LEVELS.join(", ");
  return logLevelOf(text) ?? end(`SEAM_LOG_LEVEL: expected one of ${expected}; found "${text}"`);
}

function rateUnits(): RateReading {
  const units = wordFlag("SEAM_RATE_UNITS", env["SEAM_RATE_UNITS"] ?? "kubernetes", RATE_READINGS);
  return units.ok ? units.value : end(units.error);
}

function daemonSet(): string | null {
  const text = env["SEAM_DAEMONSET"] ?? null;
  if (text === null || /^[^/]+\/[^/]+$/.test(text)) return text;
  return end(`SEAM_DAEMONSET: expected namespace/name; found "${text}"`);
}

function guarantees(): GuaranteeOptions {
  const text = env["SEAM_GUARANTEES"] ?? "configured";
  const mode = GUARANTEE_MODES.find((each) => each === text);
  const replace = env["SEAM_REPLACE_QUEUES"] ?? "false";
  if (replace !== "true" && replace !== "false")
    end(`SEAM_REPLACE_QUEUES: expected true or false; found "${replace}"`);
  return {
    mode:
      mode ??
      end(`SEAM_GUARANTEES: expected one of ${GUARANTEE_MODES.join(", ")}; found "${text}"`),
    replaceQueues: replace === "true",
  };
}

const pluginPlaces = (): PluginPlaces => ({
  shim: env["SEAM_SHIM"] ?? "/seam/seam-cni",
  binFolder: env["SEAM_CNI_BIN"] ?? "/opt/cni/bin",
  confFolder: env["SEAM_CNI_CONF"] ?? "/etc/cni/net.d",
});

const annotations = (): Pick<AgentOptions, "rateKeys" | "ceilings"> => ({
  rateKeys: {
    egress: env["SEAM_EGRESS_ANNOTATION"] ?? OVN_KEYS.egress,
    ingress: env["SEAM_INGRESS_ANNOTATION"] ?? OVN_KEYS.ingress,
  },
  ceilings: {
    egress: env["SEAM_EGRESS_CEILING_ANNOTATION"] ?? CEILING_KEYS.egress,
    ingress: env["SEAM_INGRESS_CEILING_ANNOTATION"] ?? CEILING_KEYS.ingress,
  },
});

async function run(): Promise<void> {
  const nodeName = env["NODE_NAME"] ?? end("NODE_NAME is not set; expected the name of this node");
  const cluster = loadConfig();
  if (!cluster.ok) end(cluster.error);
  await runAgent({
    nodeName,
    cluster: cluster.value,
    storeFile: env["SEAM_STORE"] ?? "/var/lib/seam/agent.db",
    runtimeCache: env["SEAM_CNI_CACHE"] ?? "/var/lib/cni/results",
    cniSocket: env["SEAM_CNI_SOCKET"] ?? "/run/seam/cni.sock",
    viewSocket,
    daemonSet: daemonSet(),
    plugin: pluginPlaces(),
    ...annotations(),
    rateUnits: rateUnits(),
    guarantees: guarantees(),
    httpPort: Number(env["SEAM_HTTP_PORT"] ?? 9811),
    logLevel: logLevel(),
  });
}

const [flag, argument] = process.argv.slice(2);
await (flag === "--show-node" ? showNode(argument) : run());
