/** Conditions: what was found about an object, with the time at which each status last changed. */
import { children, textAt, type Json } from "@seam/kube";

/** One finding about an object: the part of a condition that does not depend on history. */
export type Finding = {
  readonly type: string;
  readonly status: "True" | "False";
  readonly reason: string;
  /** What is so and, when that is bad, what to do. */
  readonly message: string;
};

/** A finding as it stands in an object's status. */
export type Condition = Finding & {
  readonly lastTransitionTime: string;
  readonly observedGeneration: number;
};

/** The conditions in a status, as far as they are whole. */
export const conditionsIn = (status: Json): readonly Condition[] =>
  children(status, "conditions").flatMap((item) => {
    const generation = item["observedGeneration"];
    const condition = {
      type: textAt(item, "type") ?? "",
      reason: textAt(item, "reason") ?? "",
      message: textAt(item, "message") ?? "",
      lastTransitionTime: textAt(item, "lastTransitionTime") ?? "",
      observedGeneration: typeof generation === "number" ? generation : 0,
    };
    const { status: said } = item;
    return said === "True" || said === "False" ? [{ ...condition, status: said }] : [];
  });

/** Findings as conditions; the time of one whose status is as before is kept. */
export function settle(
  findings: readonly Finding[],
  before: readonly Condition[],
  at: { readonly generation: number; readonly now: number },
): readonly Condition[] {
  const now = `${new Date(at.now).toISOString().slice(0, 19)}Z`;
  return findings.map((finding) => {
    const old = before.find((condition) => condition.type === finding.type);
    return {
      ...finding,
      lastTransitionTime: old?.status === finding.status ? old.lastTransitionTime : now,
      observedGeneration: at.generation,
    };
  });
}

/** The findings that say something new: another status or another reason than before. */
export const newsIn = (
  findings: readonly Finding[],
  before: readonly Condition[],
): readonly Finding[] =>
  findings.filter(
    (finding) =>
      !before.some(
        (old) =>
          old.type === finding.type &&
          old.status === finding.status &&
          old.reason === finding.reason,
      ),
  );
