/**
 * Tells the cluster which policies are in force on this node (decision 18): one Lease, written when what it says changed. What
 * changes while a write is under way, or shortly after one, is told by the next.
 */
import {
  AGENT_NAME,
  ENFORCED_ANNOTATION,
  formatEnforced,
  LINK_SPEED_ANNOTATION,
  NODE_LABEL,
  policyReportName,
  REPORT_KIND,
  type VersionsByKind,
} from "@seam/api";
import { type Mbps, type Millis, millis } from "@seam/base";
import type { Log } from "@seam/daemon";
import { backoff, type KubeClient, type KubeObject, sleep } from "@seam/kube";

/** The report of one node, until disposed of; it stays in the cluster as long as the node does. */
export type PolicyReport = Disposable & {
  /** The uid of the Node object, with which the report goes; nothing is written before it is known. */
  readonly setOwner: (uid: string) => void;
  /** The kernel has everything up to these versions. */
  readonly tell: (versions: VersionsByKind) => void;
  /** How fast the uplink is; null, when that is not known or not known now, changes nothing. */
  readonly setLinkSpeed: (speed: Mbps | null) => void;
};

/** Which node, and where its report stands. */
export type PolicyReportOptions = {
  readonly client: Pick<KubeClient, "apply">;
  readonly node: string;
  readonly namespace: string;
  readonly log: Pick<Log, "warn">;
};

/** A few writes at once, as of the two sides of a change, and then four in a second. */
const BURST = 3;
const REFILL = millis(250);
/** What comes so close together is one write. */
const CLOSE = millis(10);
const RETRY = { first: millis(250), longest: millis(15_000) };
const LONGEST_LABEL = 63;

/** A report that says nothing yet. */
export function createPolicyReport(options: PolicyReportOptions): PolicyReport {
  const { client, log } = options;
  const stop = new AbortController();
  const said: Said = { uid: "", enforced: "", linkMbps: "" };
  const pauseAfter = createPace();
  let written = "";
  let isWriting = false;
  const isDue = (): boolean =>
    said.uid !== "" && said.enforced !== "" && JSON.stringify(said) !== written;
  const write = async (): Promise<void> => {
    isWriting = true;
    let failures = 0;
    while (isDue() && !stop.signal.aborted) {
      const content = JSON.stringify(said);
      const answer = await client.apply(leaseOf(options, said), APPLIER);
      failures = answer.ok ? 0 : failures + 1;
      if (answer.ok) written = content;
      else if (!stop.signal.aborted)
        log.warn(
          { error: answer.error },
          "telling which policies are in force failed; trying again",
        );
      await sleep(answer.ok ? pauseAfter() : backoff(failures, RETRY), stop.signal);
    }
    isWriting = false;
  };
  const request = (): void => {
    if (!isWriting && isDue()) void write();
  };
  return {
    setOwner: (uid) => {
      said.uid = uid;
      request();
    },
    tell: (versions) => {
      said.enforced = formatEnforced(versions);
      request();
    },
    setLinkSpeed: (speed) => {
      if (speed === null) return;
      said.linkMbps = String(speed);
      request();
    },
    [Symbol.dispose]: () => stop.abort(),
  };
}

type Said = { uid: string; enforced: string; linkMbps: string };

/** How long to wait after each write before the next. */
function createPace(): () => Millis {
  let [credit, countedAt] = [BURST, performance.now()];
  return () => {
    const now = performance.now();
    credit = Math.min(BURST, credit + (now - countedAt) / REFILL) - 1;
    countedAt = now;
    return credit >= 1 ? CLOSE : millis(Math.max(CLOSE, (1 - credit) * REFILL));
  };
}

const APPLIER = { fieldManager: AGENT_NAME, force: true } as const;

/** The garbage collector takes the report with its node. */
const leaseOf = (
  { node, namespace }: PolicyReportOptions,
  { uid, enforced, linkMbps }: Readonly<Said>,
): KubeObject => ({
  ...REPORT_KIND,
  metadata: {
    name: policyReportName(node),
    namespace,
    labels: {
      "app.kubernetes.io/name": AGENT_NAME,
      // Names of nodes may be longer than labels; the holder below is what counts.
      ...(node.length > LONGEST_LABEL ? {} : { [NODE_LABEL]: node }),
    },
    annotations: {
      [ENFORCED_ANNOTATION]: enforced,
      ...(linkMbps === "" ? {} : { [LINK_SPEED_ANNOTATION]: linkMbps }),
    },
    ownerReferences: [{ apiVersion: "v1", kind: "Node", name: node, uid }],
  },
  spec: { holderIdentity: node, renewTime: new Date().toISOString().replace("Z", "000Z") },
});
