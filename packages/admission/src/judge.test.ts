/** Which pods a project takes by their rates (U1, U5), and which rates it gives them. */
import { familiesWith, NO_RATES, type Rates } from "@seam/bandwidth";
import { mbps } from "@seam/base";
import type { KubeObject } from "@seam/kube";
import { expect, test } from "vitest";

import { complete, judge, type Scene } from "./judge.ts";
import type { Review } from "./review.ts";
import { type Said, type Tenant, tenantOf } from "./tenant.ts";

const EGRESS = "kubernetes.io/egress-bandwidth";
const INGRESS = "kubernetes.io/ingress-bandwidth";
const families = familiesWith({ egress: EGRESS, ingress: INGRESS });
const reading = { families };

const pod = (annotations?: object, more: object = {}): KubeObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "p", ...(annotations === undefined ? {} : { annotations }) },
  spec: {},
  ...more,
});

const created = (given: KubeObject): Review => ({
  uid: "question",
  operation: "CREATE",
  namespace: "lab-a",
  pod: given,
  before: null,
  isDryRun: false,
});

const nothing: Said = { egressMbps: null, ingressMbps: null };
const tenant = (given: Partial<Tenant>): Tenant => ({
  quota: nothing,
  fallback: nothing,
  most: nothing,
  ...given,
});
const rates = (ul: number, dl: number): Rates => ({ ulMbps: mbps(ul), dlMbps: mbps(dl) });

const judged = (review: Review, given: Partial<Tenant>, used = NO_RATES): string => {
  const scene: Scene = { tenant: tenant(given), used, reading };
  const { answer } = judge(review, scene);
  return answer.allowed ? ["yes", ...answer.warnings].join("; ") : answer.message;
};

test("a project's rules are read from its quota and its limits", () => {
  const project = {
    apiVersion: "v1",
    kind: "Project",
    metadata: { name: "lab-a" },
    spec: {
      quota: { egressMbps: 2000 },
      limits: { default: { cpu: "1", ingressMbps: 5 }, max: { egressMbps: 100 } },
    },
  };
  expect(tenantOf(project)).toEqual({
    quota: { egressMbps: 2000, ingressMbps: null },
    fallback: { egressMbps: null, ingressMbps: 5 },
    most: { egressMbps: 100, ingressMbps: null },
  });
});

test.each([
  ["no rules, no rate", pod(), {}, "yes"],
  [
    "U5: a number without unit, which is bit/s",
    pod({ [EGRESS]: "20000", [INGRESS]: "1M" }),
    {},
    expect.stringContaining(`yes; ${EGRESS}: "20000"`),
  ],
  [
    "U5: a value that is none",
    pod({ [EGRESS]: "fast" }),
    {},
    expect.stringContaining(`${EGRESS}: "fast"`),
  ],
  [
    "more than a pod may have",
    pod({ [EGRESS]: "200M", [INGRESS]: "1M" }),
    { most: { egressMbps: 100, ingressMbps: null } },
    `egress: 200 Mbit/s asked, and a pod of this project may have 100 (spec.limits.max.egressMbps); ask for at most 100M in ${EGRESS}`,
  ],
  [
    "more than a pod may have, when there is room",
    pod({ [EGRESS]: "50M", [INGRESS]: "1M", "seam.ucsd.edu/egress-ceiling": "101M" }),
    { most: { egressMbps: 100, ingressMbps: null } },
    "egress: up to 101 Mbit/s asked, and a pod of this project may have 100 (spec.limits.max.egressMbps); ask for at most 100M in seam.ucsd.edu/egress-ceiling",
  ],
  [
    "as much as a pod may have, when there is room, of which the quota counts what is reserved",
    pod({ [EGRESS]: "50M", [INGRESS]: "1M", "seam.ucsd.edu/egress-ceiling": "100M" }),
    {
      most: { egressMbps: 100, ingressMbps: null },
      quota: { egressMbps: 50, ingressMbps: null },
    },
    "yes",
  ],
  [
    "less when there is room than what is reserved",
    pod({ [EGRESS]: "50M", [INGRESS]: "1M", "seam.ucsd.edu/egress-ceiling": "40M" }),
    {},
    expect.stringContaining('seam.ucsd.edu/egress-ceiling: "40M" is less than the rate'),
  ],
  [
    "as much as a pod may have",
    pod({ [EGRESS]: "100M", [INGRESS]: "100M" }),
    { most: { egressMbps: 100, ingressMbps: 100 } },
    "yes",
  ],
  [
    "no rate under a quota",
    pod({ [INGRESS]: "1M" }),
    { quota: { egressMbps: 100, ingressMbps: null } },
    `metadata.annotations: expected ${EGRESS}, such as "10M", as the project has spec.quota.egressMbps; or set spec.limits.default.egressMbps of the project`,
  ],
  [
    "no rate under a quota, in the node's own network",
    pod(undefined, { spec: { hostNetwork: true } }),
    { quota: { egressMbps: 100, ingressMbps: 100 } },
    "yes",
  ],
] as const)("U1: %s", (...row) => {
  const [, given, rules, said] = row;
  expect(judged(created(given), rules)).toEqual(said);
});

test("U1: what is left of the quota, and not a Mbit/s more", () => {
  const rules = { quota: { egressMbps: 100, ingressMbps: 50 } };
  const asks = (egress: string, ingress: string): string =>
    judged(created(pod({ [EGRESS]: egress, [INGRESS]: ingress })), rules, rates(60, 10));
  expect(asks("40M", "40M")).toBe("yes");
  expect(asks("41M", "40M")).toBe(
    `egress: 41 Mbit/s asked, and 40 of the project's 100 are left (spec.quota.egressMbps; used 60); ask for less in ${EGRESS}, end other pods, or have the quota raised`,
  );
  expect(asks("40500k", "40M")).toContain("41 Mbit/s asked");
  expect(asks("50M", "50M")).toContain("; ingress: 50 Mbit/s asked, and 40 of");
});

test("U1: a change is refused only where it asks for more than before", () => {
  const change = (before: string, after: string): string =>
    judged(
      {
        ...created(pod({ [EGRESS]: after, [INGRESS]: "1M" })),
        operation: "UPDATE",
        before: pod({ [EGRESS]: before, [INGRESS]: "1M" }),
      },
      { quota: { egressMbps: 100, ingressMbps: 100 }, most: { egressMbps: 50, ingressMbps: null } },
      rates(90, 0),
    );
  expect(change("80M", "70M")).toBe("yes");
  expect(change("5M", "10M")).toBe("yes");
  expect(change("5M", "11M")).toContain("10 of the project's 100 are left");
  expect(change("60M", "70M")).toContain("may have 50");
});

test.each([
  ["nothing is given where nothing is said", pod(), {}, []],
  [
    "both directions",
    pod(),
    { fallback: { egressMbps: 5, ingressMbps: 7 } },
    [{ op: "add", path: "/metadata/annotations", value: { [EGRESS]: "5M", [INGRESS]: "7M" } }],
  ],
  [
    "the other direction only, beside annotations that are there",
    pod({ [EGRESS]: "100M" }),
    { fallback: { egressMbps: 5, ingressMbps: 7 } },
    [{ op: "add", path: "/metadata/annotations/kubernetes.io~1ingress-bandwidth", value: "7M" }],
  ],
  [
    "not over a rate under another name",
    pod({ "ovn.kubernetes.io/egress_rate": "100", "ovn.kubernetes.io/ingress_rate": "1" }),
    { fallback: { egressMbps: 5, ingressMbps: 7 } },
    [],
  ],
  [
    "the most where there is no default, as a LimitRange has it",
    pod({ [EGRESS]: "1M" }),
    { most: { egressMbps: 5, ingressMbps: 7 } },
    [{ op: "add", path: "/metadata/annotations/kubernetes.io~1ingress-bandwidth", value: "7M" }],
  ],
  [
    "not over a value that is wrong, which is said instead",
    pod({ [EGRESS]: "fast", [INGRESS]: "1M" }),
    { fallback: { egressMbps: 5, ingressMbps: 7 } },
    [],
  ],
  [
    "not to a pod in the node's own network",
    pod(undefined, { spec: { hostNetwork: true } }),
    { fallback: { egressMbps: 5, ingressMbps: 7 } },
    [],
  ],
] as const)("U1, default rates: %s", (...row) => {
  const [, given, rules, patch] = row;
  const gifts = { tenant: tenant(rules), reading, scheduler: null };
  expect(complete(created(given), gifts)).toMatchObject({
    allowed: true,
    patch,
  });
});

const PLACED = [{ op: "add", path: "/spec/schedulerName", value: "vaclab-scheduler" }];
test.each([
  ["a pod with a rate", pod({ [EGRESS]: "1M" }), {}, PLACED],
  ["a pod without", pod(), {}, []],
  [
    "a pod that gets a rate",
    pod({ [INGRESS]: "1M" }),
    { fallback: { egressMbps: 5, ingressMbps: null } },
    [
      { op: "add", path: "/metadata/annotations/kubernetes.io~1egress-bandwidth", value: "5M" },
      ...PLACED,
    ],
  ],
  [
    "Kubernetes' own, as the API server fills in",
    pod({ [EGRESS]: "1M" }, { spec: { schedulerName: "default-scheduler" } }),
    {},
    PLACED,
  ],
  [
    "another scheduler was chosen",
    pod({ [EGRESS]: "1M" }, { spec: { schedulerName: "other" } }),
    {},
    [],
  ],
  ["a node was chosen", pod({ [EGRESS]: "1M" }, { spec: { nodeName: "n1" } }), {}, []],
] as const)("V19: pods with a rate are placed by bandwidth: %s", (...row) => {
  const [, given, rules, patch] = row;
  const gifts = { tenant: tenant(rules), reading, scheduler: "vaclab-scheduler" };
  expect(complete(created(given), gifts)).toMatchObject({ allowed: true, patch });
});
