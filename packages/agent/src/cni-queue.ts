/**
 * CNI commands as they arrive. The kernel takes tens of milliseconds to delete an interface, so what DEL and GC are about
 * to delete is deleted before them, beside the event loop and together with what other commands want deleted; the
 * command itself then finds it gone. Commands for the same interface wait for each other, and all for GC, whose
 * list of what is valid holds for the moment at which it came.
 */
import { deletePodInterfaces, hostDeviceName } from "@seam/kernel";

import { type AdmittingNode, handleCni } from "./cni.ts";
import { staleDevices } from "./cni-gc.ts";
import { type CniAnswer, type CniRequest, codes, fail } from "./cni-message.ts";

/** Carries out commands, those for different interfaces side by side. */
export type CniQueue = (request: CniRequest) => Promise<CniAnswer>;

/** A queue for the commands of a node. */
export function createCniQueue(node: AdmittingNode): CniQueue {
  // What could not be deleted here the command tries itself, and tells the reason.
  const remove = batched(async (devices) => void (await deletePodInterfaces(devices)));
  const turns = createTurns();
  return async (request) => {
    switch (request.command) {
      case "ADD":
        return turns.of(deviceOf(request), async () => {
          const answer = handleCni(node, request);
          if (!answer.ok || (await node.isAdmitted(deviceOf(request)))) return answer;
          return notAdmitted;
        });
      case "CHECK":
        return turns.of(deviceOf(request), async () => handleCni(node, request));
      case "DEL":
        return turns.of(deviceOf(request), async () => {
          await remove([deviceOf(request)]);
          return handleCni(node, request);
        });
      case "GC":
        return turns.alone(async () => {
          const stale = staleDevices(node, request);
          if (stale.ok) await remove(stale.value);
          return handleCni(node, request);
        });
      case "STATUS":
      case "VERSION":
        return handleCni(node, request);
    }
  };
}

/** The runtime asks again, for a new sandbox, and first deletes the interface. */
const notAdmitted = fail(
  codes.tryAgainLater,
  "policies for this pod are not known yet, so its interface stays closed",
  "the agent of this node has not seen the pod's object, or cannot reach the API server; see its log",
);

/** The host's end of the interface that a request is about; what names none is refused by the command itself. */
const deviceOf = ({ environment }: CniRequest): string =>
  hostDeviceName(environment.get("CONTAINERID") ?? "", environment.get("IFNAME") ?? "");

type Work<T> = () => Promise<T>;
type Turns = {
  /** Work of one key is done in the order in which it came. */
  readonly of: <T>(key: string, work: Work<T>) => Promise<T>;
  /** After all that came before, before all that comes later. */
  readonly alone: <T>(work: Work<T>) => Promise<T>;
};

function createTurns(): Turns {
  const last = new Map<string, Promise<unknown>>();
  let barrier: Promise<unknown> | null = null;
  return {
    of: async (key, work) => {
      const before = last.get(key) ?? barrier;
      const own = before === null ? work() : before.then(work, work);
      last.set(key, own);
      try {
        return await own;
      } finally {
        if (last.get(key) === own) last.delete(key);
      }
    },
    alone: async (work) => {
      const own = Promise.allSettled([...last.values(), barrier]).then(work);
      barrier = own;
      // Whoever comes next waits for this, and so for all of them.
      last.clear();
      try {
        return await own;
      } finally {
        if (barrier === own) barrier = null;
      }
    },
  };
}

type Batch = { readonly items: Set<string>; readonly done: Promise<void> };

/** Does `work` for one batch at a time; what comes meanwhile makes up the next. */
function batched(
  work: (items: readonly string[]) => Promise<void>,
): (items: readonly string[]) => Promise<void> {
  let running: Promise<void> = Promise.resolve();
  let next: Batch | null = null;
  const run = async (before: Promise<void>, items: ReadonlySet<string>): Promise<void> => {
    await before.catch(() => {});
    next = null;
    await work([...items]);
  };
  return async (items) => {
    if (next === null) {
      const waiting = new Set<string>();
      running = run(running, waiting);
      next = { items: waiting, done: running };
    }
    for (const item of items) next.items.add(item);
    return next.done;
  };
}
