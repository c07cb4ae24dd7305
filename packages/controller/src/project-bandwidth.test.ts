/** U1: what the pods of each namespace reserve, however changes come. */
import { type BitsPerSecond, bitsPerSecond } from "@seam/base";
import type { ObservedBandwidthPod } from "@seam/compose";
import {
  assert,
  constantFrom,
  integer,
  option,
  property,
  record,
  array,
  boolean,
} from "fast-check";
import { expect, test } from "vitest";
import { createNamespaceRates } from "./project-bandwidth.ts";

type Said = {
  readonly uid: string;
  readonly namespace: string;
  readonly kind: "set" | "deleted";
  readonly ul: number | null;
  readonly dl: number | null;
  readonly isTerminal: boolean;
  readonly isOnNodeNetwork: boolean;
};

const rate = (value: number | null): BitsPerSecond | null =>
  value === null ? null : bitsPerSecond(value);

const podOf = (said: Said): ObservedBandwidthPod => ({
  namespace: said.namespace,
  name: said.uid,
  uid: said.uid,
  ip: "",
  node: null,
  isTerminal: said.isTerminal,
  isOnNodeNetwork: said.isOnNodeNetwork,
  scheduler: "vaclab-scheduler",
  controller: null,
  annotations: {},
  rates: { ul: rate(said.ul), dl: rate(said.dl) },
  findings: [],
  conditions: [],
});

const changes = array(
  record<Said>({
    // The namespace of a pod never changes.
    uid: constantFrom("a1", "a2", "b1", "b2"),
    namespace: constantFrom("a"),
    kind: constantFrom("set", "deleted"),
    ul: option(integer({ min: 1000, max: 5_000_000 })),
    dl: option(integer({ min: 1000, max: 5_000_000 })),
    isTerminal: boolean(),
    isOnNodeNetwork: boolean(),
  }).map((said) => ({ ...said, namespace: said.uid.charAt(0) })),
  { maxLength: 40 },
);

const wholeMbps = (value: number | null): number => Math.ceil((value ?? 0) / 1e6);

test("U1: the sums are those over what was told last of each pod, and every other sum is told", () => {
  assert(
    property(changes, (all) => {
      const rates = createNamespaceRates();
      const last = new Map<string, Said>();
      const sumOf = (namespace: string): readonly number[] => {
        const counted = [...last.values()].filter(
          (each) =>
            each.namespace === namespace &&
            each.kind === "set" &&
            !each.isTerminal &&
            !each.isOnNodeNetwork,
        );
        const total = (field: "ul" | "dl"): number =>
          counted.reduce((sum, each) => sum + wholeMbps(each[field]), 0);
        return [total("ul"), total("dl")];
      };
      for (const said of all) {
        const before = sumOf(said.namespace);
        last.set(said.uid, said);
        const after = sumOf(said.namespace);
        const told = rates.accept({ kind: said.kind, value: podOf(said) });
        expect(told).toBe(before.join() === after.join() ? null : said.namespace);
        for (const namespace of ["a", "b"]) {
          const { ulMbps, dlMbps } = rates.of(namespace);
          expect([ulMbps, dlMbps]).toEqual(sumOf(namespace));
        }
      }
    }),
  );
});
