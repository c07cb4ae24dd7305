/**
 * Policies of this node (decision 16): what objects and interfaces mean is written to the kernel, a change at a time, from when all
 * objects were seen once. Until then, and whenever this agent is away, the kernel keeps what was written before; a link that
 * nothing was written for is closed.
 */
import { setTimeout as sleep } from "node:timers/promises";

import { ok, type Result } from "@seam/base";
import type { Log } from "@seam/daemon";
import { createPolicyIntent, type PolicyIntent } from "@seam/intent";
import type { KernelError, PolicyTable } from "@seam/kernel";
import { gateChange, type PolicyChange, type PolicyState } from "@seam/state";

import { keepClosed } from "./closed-table.ts";
import { createIdleEndpoints } from "./idle-endpoints.ts";
import { interfaceTeller, type InterfaceTellerOptions } from "./interface-teller.ts";
import { type GateFacts, type GateView, gateViews } from "./gate-view.ts";
import type { AgentMetrics } from "./metrics.ts";
import type { Reports } from "./reports.ts";
import type { Attachment, Store } from "./store.ts";
import { createTurns } from "./turns.ts";

/** The policies of the agent's node. */
export type Policies = Disposable & {
  /** What takes the objects in. */
  readonly intent: PolicyIntent;
  /** Objects have changed. */
  readonly request: () => void;
  /** An interface came or went. */
  readonly followLinks: () => void;
  /** All objects were seen: from now on the kernel follows; told whenever it has all that intent knows. */
  readonly start: (onCurrent: () => void) => void;
  /** Takes the gates of the node's own interfaces away, for good: nobody is left to change them. */
  readonly openHosts: () => Promise<void>;
  /** Whether the link's gate is in the kernel, which is waited for so long. */
  readonly isAdmitted: (device: string) => Promise<boolean>;
  /** The gates of all links, for people. */
  readonly gates: () => readonly GateView[];
};

/** What policies are kept with. */
export type PoliciesOptions = {
  readonly table: Pick<
    PolicyTable,
    "rewrite" | "rewriteBeside" | "change" | "isDisturbed" | "isThere" | "close"
  >;
  readonly store: Pick<Store, "attachments">;
  /** The name of the node, whose host endpoints are enforced. */
  readonly node: string;
  readonly readInterfaces: InterfaceTellerOptions["readInterfaces"];
  readonly log: Log;
  readonly metrics: Pick<AgentMetrics, "startPolicyChange">;
  readonly reports: Pick<Reports, "node">;
  /** Told after each change in the kernel. */
  readonly onWritten: () => void;
};

/** Changes that come together are one. */
const DELAY_MS = 2;
const RETRY_MS = 1000;
/** How soon it is seen that others changed the table, or what addresses interfaces have. */
const WATCH_MS = 250;
/** As long as ADD may wait (architecture section 1.5). */
const ADMISSION_MS = 5000;

/** Policies that wait for their start. */
export function createPolicies(options: PoliciesOptions): Policies {
  const { table, store } = options;
  const intent = createPolicyIntent(options.node);
  const tellLinks = linkTeller(intent, store);
  const tellInterfaces = interfaceTeller({ ...options, intent });
  const writer = createWriter(intent, table);
  const admissions = createAdmissions();
  /** Null until all objects were seen. */
  let tellCurrent: (() => void) | null = null;
  const isIdle = (): boolean => tellCurrent === null;
  const tellIdle = createIdleEndpoints({ intent, reports: options.reports });
  const turns = createTurns({
    work: dueWriter({ options, writer, admissions, tellInterfaces, tellIdle, isIdle }),
    retryMs: RETRY_MS,
    onCurrent: () => tellCurrent?.(),
    isIdle,
  });
  const stopClosing = keepClosing(options);
  const watch = setInterval(() => {
    if (isIdle() || turns.isWorking()) return;
    if (isOutOfLine({ options, writer, tellInterfaces })) turns.now();
  }, WATCH_MS);
  return {
    intent,
    request: () => turns.ask(DELAY_MS),
    followLinks: () => {
      tellLinks();
      turns.ask(DELAY_MS);
    },
    start: (onCurrent) => {
      stopClosing();
      tellCurrent = onCurrent;
      turns.ask(0);
    },
    openHosts: async () => {
      const wasStarted = !isIdle();
      tellCurrent = null;
      await turns.ended();
      if (wasStarted) openHosts(options, intent);
    },
    isAdmitted: admissions.isAdmitted,
    gates: () => gateViews(store.attachments(), { ...admissions, policiesOf: intent.policiesOf }),
    [Symbol.dispose]: () => {
      stopClosing();
      clearInterval(watch);
      turns[Symbol.dispose]();
      tellCurrent = null;
    },
  };
}

/** Whether others changed the table, or interfaces are other ones. */
function isOutOfLine({
  options,
  writer,
  tellInterfaces,
}: Omit<Due, "admissions" | "tellIdle" | "isIdle">): boolean {
  const isDisturbed = options.table.isDisturbed();
  if (isDisturbed) tellDisturbed(options, writer);
  return tellInterfaces() || isDisturbed;
}

type Due = {
  readonly options: PoliciesOptions;
  readonly writer: Writer;
  readonly admissions: Admissions;
  readonly tellInterfaces: () => boolean;
  readonly tellIdle: () => void;
  /** Whether nobody asks for it any more. */
  readonly isIdle: () => boolean;
};

/** Writes what is due, with the interfaces as they are now; whether the kernel has it. */
const dueWriter =
  ({
    options,
    writer,
    admissions,
    tellInterfaces,
    tellIdle,
    isIdle,
  }: Due): (() => Promise<boolean>) =>
  async () => {
    tellInterfaces();
    const stop = options.metrics.startPolicyChange();
    const written = await writer.write();
    stop(written);
    if (isIdle()) return false;
    tellIdle();
    if (!written.ok) tellRefused(options, written.error);
    else if (written.value !== null) tellWritten(written.value, admissions, options);
    return written.ok;
  };

function openHosts(
  options: Pick<PoliciesOptions, "table" | "log" | "reports">,
  intent: Pick<PolicyIntent, "state">,
): void {
  const opened = options.table.rewrite({ ...intent.state(), hosts: new Map() });
  if (!opened.ok) tellRefused(options, opened.error);
}

type Writer = {
  /** Writes what changed, null when nothing did; after the first time, and after a failure, everything. The answer has the gates. */
  readonly write: () => Promise<Result<PolicyChange["gates"] | null, KernelError>>;
  /** The kernel may have anything. */
  readonly distrust: () => void;
};

function createWriter(
  intent: Pick<PolicyIntent, "takeChange" | "state">,
  table: Pick<PolicyTable, "rewriteBeside" | "change">,
): Writer {
  let trusted = false;
  const finish = (
    written: Result<null, KernelError>,
    gates: PolicyChange["gates"],
  ): Result<PolicyChange["gates"], KernelError> => {
    trusted = written.ok;
    return written.ok ? ok(gates) : written;
  };
  return {
    write: async () => {
      const change = intent.takeChange();
      if (trusted) return change === null ? ok(null) : finish(table.change(change), change.gates);
      const state = intent.state();
      // Nobody else takes changes, so the state stays as it is until this is done.
      return finish(await table.rewriteBeside(state), allNew(state.gates));
    },
    distrust: () => {
      trusted = false;
    },
  };
}

const allNew = (gates: PolicyState["gates"]): PolicyChange["gates"] =>
  new Map([...gates].map(([device, gate]) => [device, gateChange(null, gate)] as const));

type Admissions = Pick<Policies, "isAdmitted"> &
  Pick<GateFacts, "hasGate"> & {
    /** Whether anything was noted. */
    readonly hasBegun: boolean;
    readonly note: (gates: PolicyChange["gates"]) => void;
  };

function createAdmissions(): Admissions {
  const admitted = new Set<string>();
  let noted = Promise.withResolvers<void>();
  let hasBegun = false;
  return {
    get hasBegun() {
      return hasBegun;
    },
    hasGate: (device) => admitted.has(device),
    note: (gates) => {
      hasBegun = true;
      for (const [device, { exists }] of gates)
        if (exists) admitted.add(device);
        else admitted.delete(device);
      noted.resolve();
      noted = Promise.withResolvers();
    },
    isAdmitted: async (device) => {
      const late = sleep(ADMISSION_MS, "late", { ref: false });
      while (!admitted.has(device)) {
        if ((await Promise.race([noted.promise, late])) === "late") return false;
      }
      return true;
    },
  };
}

/** Tells intent which interfaces there are, now and whenever it is called. */
function linkTeller(
  intent: Pick<PolicyIntent, "setEndpoint">,
  store: Pick<Store, "attachments">,
): () => void {
  const known = new Map<string, string>();
  const tell = (): void => {
    const present = new Map(store.attachments().map((each) => [each.device, each]));
    for (const device of known.keys()) {
      if (present.has(device)) continue;
      known.delete(device);
      intent.setEndpoint(device, null);
    }
    for (const [device, attachment] of present) {
      const text = JSON.stringify(attachment);
      if (known.get(device) === text) continue;
      known.set(device, text);
      intent.setEndpoint(device, { addresses: attachment.addresses, pod: podOf(attachment) });
    }
  };
  tell();
  return tell;
}

/** Whose interface it is; what the runtime did not say is no pod, and has no policies. */
const podOf = ({ pod, podUid }: Attachment): { key: string; uid: string } | null =>
  pod === "" ? null : { key: pod, uid: podUid };

function tellWritten(
  gates: PolicyChange["gates"],
  { note }: Admissions,
  { onWritten }: PoliciesOptions,
): void {
  note(gates);
  onWritten();
}

type Teller = Pick<PoliciesOptions, "log" | "reports">;

/** What may be the reason of a refusal: a module that the kernel lacks is no such file or directory. */
export const lackOf = ({ errno }: Pick<KernelError, "errno">): string =>
  errno === "ENOENT"
    ? " (if this goes on, the node's kernel lacks nft_ct, nft_limit, nft_log, nfnetlink_log or nft_fib_inet: load them with modprobe)"
    : "";

function tellRefused({ log, reports }: Teller, error: KernelError): void {
  log.error({ error }, "policies could not be written; trying again");
  reports.node({
    severity: "Warning",
    reason: "PoliciesNotWritten",
    message: `the kernel refused the policies of this node: ${error.message}${lackOf(error)}; what was in force before stays, and new pods wait; tried again every second`,
  });
}

/** Until it is stopped, nobody knows what was in force before something else took it away: all is closed then, and tried again until it is. */
function keepClosing(options: PoliciesOptions): () => void {
  let isInDoubt = false;
  const watch = setInterval(() => {
    isInDoubt ||= options.table.isDisturbed();
    if (!isInDoubt) return;
    const closed = keepClosed(options.table);
    isInDoubt = !closed.ok;
    if (!closed.ok) tellRefused(options, closed.error);
    else if (closed.value) tellClosed(options);
  }, WATCH_MS);
  return () => clearInterval(watch);
}

function tellClosed({ log, reports }: Teller): void {
  log.warn({}, "something else took away the policies of this node; all pods are closed for now");
  reports.node({
    severity: "Warning",
    reason: "PoliciesRepaired",
    message:
      "something else than Seam took away table inet seam-policy on this node before its agent had seen all objects; until it has, no pod of this node can be reached; find out what does so, such as nft flush ruleset in a script",
  });
}

function tellDisturbed({ log, reports }: Teller, { distrust }: Pick<Writer, "distrust">): void {
  distrust();
  log.warn({}, "something else changed the policies of this node; writing them anew");
  reports.node({
    severity: "Warning",
    reason: "PoliciesRepaired",
    message:
      "something else than Seam changed table inet seam-policy on this node; it was written anew; find out what does so, such as nft flush ruleset in a script",
  });
}
