/** Pods that press against what policies deny while something else goes on, and what came through of it. */
import { heardOf, type Prober, startProber } from "@seam/lab";

import type { TestLab } from "./lab.fixture.ts";

/** Who presses against what, by names of pods of the namespace default; `listeners` count what comes of those that press. */
export type Pressing = {
  readonly against: { readonly [pod: string]: readonly string[] };
  readonly listeners: readonly string[];
};

/** How much was sent by UDP, TCP and ICMP, how much of it was answered, and how often listeners heard of it. */
export type Pressed = {
  readonly sent: number;
  readonly answered: number;
  readonly delivered: number;
};

const PER_SECOND = 200;
/** Longer than any of the works, which end the pressing. */
const LIMIT_MS = 200_000;

/** Presses until the work is done. */
export async function pressedDuring(
  lab: TestLab,
  { against, listeners }: Pressing,
  work: () => Promise<void>,
): Promise<Pressed> {
  await using team = await startProbers(lab, new Set([...Object.keys(against), ...listeners]));
  const strangers = await Promise.all(
    Object.keys(against).map(async (pod) => lab.podAddresses(pod)),
  );
  const heard = async (): Promise<number> =>
    heardOf(
      strangers.flat(),
      listeners.map((pod) => team.at(pod)),
    );
  const before = await heard();
  const until = work();
  const load = { durationMs: LIMIT_MS, perSecond: PER_SECOND, until };
  const reports = await Promise.all(
    Object.entries(against).map(async ([pod, addresses]) => team.at(pod).press(addresses, load)),
  );
  await until;
  const sum = (of: "sent" | "answered"): number => reports.reduce((all, each) => all + each[of], 0);
  return { sent: sum("sent"), answered: sum("answered"), delivered: (await heard()) - before };
}

type Team = AsyncDisposable & { readonly at: (pod: string) => Prober };

async function startProbers(lab: TestLab, pods: ReadonlySet<string>): Promise<Team> {
  const probers = new Map<string, Prober>();
  for (const pod of pods) {
    const [address = ""] = await lab.podAddresses(pod);
    probers.set(pod, await startProber(lab.name, address));
  }
  return {
    at: (pod) => {
      const found = probers.get(pod);
      if (found === undefined) throw new Error(`no program is in the network of ${pod}`);
      return found;
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([...probers.values()].map(async (each) => each[Symbol.asyncDispose]()));
    },
  };
}

/** A NetworkPolicy of the namespace default, about pods with the label `app`. */
export const policyAbout = (app: string, spec: object): object => ({
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { name: app, namespace: "default" },
  spec: { podSelector: { matchLabels: { app } }, ...spec },
});

/** A rule's peer: pods with the label `app`. */
export const from = (app: string): object => ({
  from: [{ podSelector: { matchLabels: { app } } }],
});
