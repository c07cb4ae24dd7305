/** The conditions of pods about their rates (U3). */
import { formatRateReport, type PodRateState } from "@seam/api";
import type { KubeObject } from "@seam/kube";
import { expect, test } from "vitest";

import { observeBandwidthPod } from "./bandwidth-observed.ts";
import { observeRateReport, rateStatusOf } from "./rate-conditions.ts";

const NOW = Date.parse("2026-11-27T21:00:00Z");
const pod = (conditions: readonly unknown[] = []) =>
  observeBandwidthPod(
    {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "p", namespace: "lab-a", uid: "u" },
      status: { conditions },
    },
    {},
  );
const applied = (state: PodRateState | null, before: readonly unknown[] = []): unknown =>
  rateStatusOf(pod(before), state, NOW)?.["status"];
const lack = { reason: "CapacityUnknown", message: "write it down" };
const at = "2026-11-27T21:00:00Z";
const enforced = {
  type: "seam.ucsd.edu/RateEnforced",
  status: "True",
  reason: "Enforced",
  message: "the pod is held to the rates that it names",
  lastTransitionTime: at,
};
const lacking = {
  type: "seam.ucsd.edu/RateGuaranteed",
  status: "False",
  ...lack,
  lastTransitionTime: at,
};

test("U3: a pod's conditions say what is in force, and why what is not", () => {
  expect(applied({ limit: true, guarantee: lack })).toEqual({ conditions: [enforced, lacking] });
  expect(applied({ limit: true, guarantee: null })).toEqual({ conditions: [enforced] });
});

test("U3: nothing is written when they say it already, in whatever order, beside conditions of others", () => {
  const others = { type: "Ready", status: "True", reason: "", message: "" };
  const before = [lacking, others, { ...enforced, lastProbeTime: null }];
  expect(applied({ limit: true, guarantee: lack }, before)).toBeUndefined();
  expect(applied(null, [others])).toBeUndefined();
});

test("U3: the time is that of the last change of status; what is asked for no more goes", () => {
  const old = { ...lacking, lastTransitionTime: "2026-01-01T00:00:00Z" };
  const other = { reason: "QueueOfOthers", message: "remove it" };
  expect(applied({ limit: null, guarantee: other }, [old])).toEqual({
    conditions: [{ ...old, ...other }],
  });
  expect(applied({ limit: null, guarantee: true }, [old])).toMatchObject({
    conditions: [{ status: "True", reason: "Guaranteed", lastTransitionTime: at }],
  });
  expect(applied(null, [old])).toEqual({ conditions: [] });
});

test("a report is of the node that holds the Lease", () => {
  const pods = new Map([["u", { limit: true, guarantee: lack } as const]]);
  const lease: KubeObject = {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: {
      name: "seam-rates-n1",
      annotations: { "seam.ucsd.edu/rates": formatRateReport({ pods, measured: null }) },
    },
    spec: { holderIdentity: "n1" },
  };
  expect(observeRateReport(lease)).toEqual({ node: "n1", pods, measured: null });
});
