/** The part of this process among those that could answer: which kube-scheduler leads, and what answers while it is ours. */
import { err, ok, type Result } from "@seam/base";
import type { FollowOptions, KubeError, Term } from "@seam/kube";

import type { Extender } from "./extender.ts";
import type { Options } from "./options.ts";
import type { WaitingPods } from "./waiting.ts";

/** Which lease, and beside whose kube-scheduler. */
type PartOptions = Pick<Options, "lease" | "namespace" | "host">;

/** What answers during a term. */
type Answering = Pick<Term, "isOver"> & {
  readonly extender: Extender;
  readonly waiting: WaitingPods;
};

/** The part that this process has. */
export type Part = {
  /** The world is complete: from now on `answering` answers. */
  readonly begin: (answering: Answering) => void;
  readonly end: () => void;
  /** The extender, or why this process does not answer. */
  readonly extender: () => Result<Extender, string>;
  /** How many pods wait for bandwidth. */
  readonly waiting: () => number;
  /** Why this process is not ready. One that stands by is: it would take over. */
  readonly missing: () => readonly string[];
  readonly onLook: NonNullable<FollowOptions["onLook"]>;
};

/** Whether a holder of a lease of kube-scheduler is the one of a host: its identity is the host name, `_` and a uuid. */
export const isHolderOf = (holder: string, host: string): boolean =>
  holder.startsWith(`${host}_`) && !holder.includes("_", host.length + 1);

/** A process that does not know yet who leads. */
export function createPart({ lease, namespace, host }: PartOptions): Part {
  const state: { answering: Answering | null; look: Result<string | null, KubeError> | null } = {
    answering: null,
    look: lease === null ? ok(null) : null,
  };
  const doesLead = (): boolean =>
    lease === null || (state.look?.ok === true && isHolderOf(state.look.value ?? "", host));
  const answering = (): Answering | null =>
    state.answering === null || state.answering.isOver() ? null : state.answering;
  return {
    begin: (begun) => void (state.answering = begun),
    end: () => void (state.answering = null),
    extender: () => {
      const now = answering();
      if (now !== null) return ok(now.extender);
      return err(doesLead() ? STARTING : standingBy(namespace, lease));
    },
    waiting: () => answering()?.waiting.count() ?? 0,
    missing: () => {
      const { look } = state;
      if (look?.ok !== true) return [unread(`${namespace}/${lease}`, look)];
      if (lease !== null && look.value === null)
        return [`nobody leads: no kube-scheduler holds lease ${namespace}/${lease}`];
      return doesLead() && answering() === null ? [STARTING] : [];
    },
    onLook: (look) => void (state.look = look),
  };
}

const STARTING = "this process begins to lead: it does not have all of the cluster's objects yet";

const standingBy = (namespace: string, lease: string | null): string =>
  `this process stands by: lease ${namespace}/${lease} is not held by the kube-scheduler beside it`;

const unread = (lease: string, look: Result<unknown, KubeError> | null): string =>
  `who leads is not known: lease ${lease} ${look?.ok === false ? `cannot be read: ${look.error.message}` : "is not read yet"}`;
