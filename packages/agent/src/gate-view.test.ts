/** What people see of gates, from what intent and the kernel have. */
import { expect, test } from "vitest";

import { gateViews } from "./gate-view.ts";

const attachments = [
  { pod: "lab-a/web", device: "seam2" },
  { pod: "lab-a/db", device: "seam1" },
];
const facts = {
  hasGate: (device: string) => device === "seam1",
  hasBegun: true,
  policiesOf: (device: string, direction: string) =>
    device === "seam1" && direction === "ingress" ? ["lab-a/closed", "calico/Tier/x"] : null,
};

test("each pod has its link, whether its gate is there, and its policies by direction (S5)", () => {
  expect(gateViews(attachments, facts)).toEqual([
    {
      pod: "lab-a/db",
      device: "seam1",
      gate: "open",
      ingress: ["lab-a/closed", "calico/Tier/x"],
      egress: null,
    },
    { pod: "lab-a/web", device: "seam2", gate: "closed", ingress: null, egress: null },
  ]);
});

test("before an agent has seen all objects, what an earlier one wrote is in force", () => {
  const views = gateViews(attachments, { ...facts, hasBegun: false });
  expect(views.map(({ gate }) => gate)).toEqual(["kept", "kept"]);
});
