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
import type { KubeClient, KubeObject } from "@seam/kube";

import { createTelling } from "./telling.ts";

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
const LONGEST_LABEL = 63;

/** A report that says nothing yet. */
export function createPolicyReport(options: PolicyReportOptions): PolicyReport {
  const said: Said = { uid: "", enforced: "", linkMbps: "" };
  const { client, log } = options;
  const telling = createTelling({
    client,
    log,
    what: "which policies are in force",
    content: () => (said.uid === "" || said.enforced === "" ? null : JSON.stringify(said)),
    object: () => leaseOf(options, said),
    pauseMs: createPace(),
  });
  return {
    setOwner: (uid) => {
      said.uid = uid;
      telling.request();
    },
    tell: (versions) => {
      said.enforced = formatEnforced(versions);
      telling.request();
    },
    setLinkSpeed: (speed) => {
      if (speed === null) return;
      said.linkMbps = String(speed);
      telling.request();
    },
    [Symbol.dispose]: telling[Symbol.dispose],
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
