/** When links are on the fast path, and what is told when they cannot be. */
import { err, ok } from "@seam/base";
import type { FastPath } from "@seam/kernel";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { createFastPath, type FastPathRound } from "./fast-path.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const silent = { warn: (): void => {} };

const round = (devices: readonly string[], change: Partial<FastPathRound> = {}): FastPathRound => ({
  enabled: true,
  attachments: devices.map((device) => ({ device, mac: "02:00:00:00:00:01" })),
  podCidrs: [],
  changed: true,
  ...change,
});

/** The kernel's part, which writes down what it is asked. */
function recorded(): {
  readonly asked: string[];
  readonly open: () => ReturnType<typeof ok<FastPath>>;
} {
  const asked: string[] = [];
  const kernel: FastPath = {
    follow: ({ sources, changed }) => {
      const devices = sources.map(({ device }) => device);
      asked.push([...devices, changed ? "changed" : "as before"].join(" "));
      return ok(sources.length);
    },
    [Symbol.dispose]: () => void asked.push("closed"),
  };
  return {
    asked,
    open: () => {
      asked.push("opened");
      return ok(kernel);
    },
  };
}

test("a link joins two seconds after it was first seen, by itself", () => {
  const { asked, open } = recorded();
  using fastPath = createFastPath(silent, open);
  fastPath.follow(round(["seam0"]));
  vi.advanceTimersByTime(1500);
  fastPath.follow(round(["seam0", "seam1"]));
  expect(fastPath.links()).toBe(0);
  vi.advanceTimersByTime(500);
  expect(fastPath.links()).toBe(1);
  vi.advanceTimersByTime(2000);
  expect(fastPath.links()).toBe(2);
  vi.advanceTimersByTime(60_000);
  expect(asked).toEqual([
    "opened",
    "changed",
    "changed",
    "seam0 as before",
    "seam0 seam1 as before",
  ]);
});

test("a link that went and came back is new", () => {
  const { open } = recorded();
  using fastPath = createFastPath(silent, open);
  fastPath.follow(round(["seam0"]));
  vi.advanceTimersByTime(2000);
  fastPath.follow(round([]));
  fastPath.follow(round(["seam0"]));
  expect(fastPath.links()).toBe(0);
});

test("it ends when it is switched off or disposed of, and no timer goes on", () => {
  const { asked, open } = recorded();
  using fastPath = createFastPath(silent, open);
  fastPath.follow(round(["seam0"], { enabled: false }));
  expect(asked).toEqual([]);
  fastPath.follow(round(["seam0"]));
  fastPath.follow(round(["seam0"], { enabled: false }));
  expect(asked.splice(0)).toEqual(["opened", "changed", "closed"]);
  fastPath.follow(round(["seam0"]));
  fastPath[Symbol.dispose]();
  vi.advanceTimersByTime(60_000);
  expect(asked).toEqual(["opened", "changed", "closed"]);
  expect(fastPath.links()).toBe(0);
});

test("a kernel that refuses is told of once, and is not asked again until it is switched on anew", () => {
  const error = { errno: "EINVAL", message: "create the map seam_flows4: EINVAL" };
  const told: unknown[] = [];
  let asked = 0;
  const open = (): ReturnType<typeof err<typeof error>> => {
    asked += 1;
    return err(error);
  };
  using fastPath = createFastPath({ warn: (fields) => void told.push(fields) }, open);
  fastPath.follow(round(["seam0"]));
  fastPath.follow(round(["seam0"]));
  expect(fastPath.opens()).toBe(false);
  expect(asked).toBe(1);
  expect(told).toEqual([{ error }]);
  fastPath.follow(round(["seam0"], { enabled: false }));
  fastPath.follow(round(["seam0"]));
  expect(asked).toBe(2);
});
