/** What a round means for the rates of each pod (U3). */
import { bitsPerSecond } from "@seam/base";
import { shareUplink } from "@seam/state";
import { expect, test } from "vitest";

import type { RatedAttachment } from "./pod-rates.ts";
import { podRateStates, type RatedRound } from "./pod-rate-states.ts";

const mbit = (n: number) => bitsPerSecond(n * 1e6);
const attachment = (uid: string, ul: number | null, reserved: number | null): RatedAttachment => {
  const ends = { podNetns: "/run/netns/x", podDevice: "eth0" };
  return {
    containerId: uid,
    ifName: "eth0",
    netns: ends.podNetns,
    network: "seam",
    device: `seam-${uid}`,
    mac: "",
    addresses: [],
    hostPorts: [],
    pod: `lab-a/${uid}`,
    podUid: uid,
    shaping: { ...ends, ul: ul === null ? null : mbit(ul), dl: null },
    guarantee: reserved === null ? null : { pod: uid, rate: mbit(reserved) },
  };
};
const round = (given: Partial<RatedRound>): RatedRound => ({
  attachments: [attachment("both", 10, 10), attachment("free", null, null)],
  failed: [],
  lacks: [],
  isDecided: true,
  ...given,
});
const states = (given: Partial<RatedRound>): unknown =>
  Object.fromEntries(podRateStates(round(given)));
const error = { errno: "ENOENT", message: "no htb" };
const refused = {
  reason: "KernelRefused",
  message: expect.stringContaining("no htb; tried again"),
};

test("U3: pods that ask for nothing are left out; the others have what they ask for", () => {
  expect(states({})).toEqual({ both: { limit: true, guarantee: true } });
  const attachments = [attachment("limited", 10, null), attachment("reserved", null, 20)];
  expect(states({ attachments })).toEqual({
    limited: { limit: true, guarantee: null },
    reserved: { limit: null, guarantee: true },
  });
});

test("U3: what the kernel refused, or a node lacks, is told of the pods that it concerns", () => {
  const [both] = round({}).attachments;
  const ends = { podNetns: "/run/netns/x", podDevice: "eth0", ul: mbit(10), dl: null };
  const step = { kind: "set-rates", shaping: { device: both?.device ?? "", ...ends } } as const;
  expect(states({ failed: [{ step, error }] })).toEqual({
    both: { limit: refused, guarantee: true },
  });
  const uplink = shareUplink({ device: "up0", capacity: mbit(1), guarantees: [] });
  expect(states({ failed: [{ step: { kind: "share-uplink", uplink }, error }] })).toEqual({
    both: { limit: true, guarantee: refused },
  });
  const lacks = ["One", "Two"].map((reason) => ({ reason, message: reason.toLowerCase() }));
  expect(states({ lacks })).toEqual({
    both: { limit: true, guarantee: { reason: "One", message: "one; two" } },
  });
});

test("U3: nothing is said of guarantees while nobody knows what is reserved", () => {
  expect(states({ isDecided: false })).toEqual({ both: { limit: true, guarantee: null } });
});
