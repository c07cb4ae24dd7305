/** The terms that rules of this node use, found by what they could mean. */
import type { NamedPort, Peer } from "./policy-model.ts";
import type { Term } from "./policy-terms.ts";

/** Terms in use. */
export type TermTable = {
  readonly blocks: ReadonlySet<Term>;
  /** About pods of more than one namespace. */
  readonly wide: ReadonlySet<Term>;
  /** Those that could mean a pod of the namespace. */
  readonly forPod: (namespace: string) => Iterable<Term>;
  /** The term, used once more. */
  readonly acquire: (
    peer: Peer | null,
    named: NamedPort | null,
  ) => { readonly term: Term; readonly isNew: boolean };
  /** Whether that was the last use. */
  readonly release: (term: Term) => boolean;
  /** Whether blocks came or went since this was last asked. */
  readonly takeBlocksChanged: () => boolean;
};

/** No terms. */
export function createTermTable(): TermTable {
  const byText = new Map<string, Term>();
  const blocks = new Set<Term>();
  const wide = new Set<Term>();
  const near = new Map<string, Set<Term>>();
  let blocksChanged = false;
  let last = 0;
  const placeOf = ({ peer }: Term): Set<Term> => {
    if (peer?.kind === "block") return blocks;
    if (peer === null || typeof peer.namespaces !== "string") return wide;
    const found = near.get(peer.namespaces) ?? new Set();
    near.set(peer.namespaces, found);
    return found;
  };
  return {
    blocks,
    wide,
    forPod: (namespace) => [...(near.get(namespace) ?? []), ...wide],
    acquire: (peer, named) => {
      const text = JSON.stringify([peer?.kind ?? null, peer?.text ?? null, named]);
      const found = byText.get(text);
      if (found !== undefined) {
        found.refs += 1;
        return { term: found, isNew: false };
      }
      last += 1;
      const term = newTerm({ id: last, text, peer, named });
      byText.set(text, term);
      placeOf(term).add(term);
      blocksChanged ||= peer?.kind === "block";
      return { term, isNew: true };
    },
    release: (term) => {
      term.refs -= 1;
      if (term.refs > 0) return false;
      byText.delete(term.text);
      placeOf(term).delete(term);
      if (term.peer?.kind === "pods") dropEmpty(near, term.peer.namespaces);
      blocksChanged ||= term.peer?.kind === "block";
      return true;
    },
    takeBlocksChanged: () => {
      const taken = blocksChanged;
      blocksChanged = false;
      return taken;
    },
  };
}

const newTerm = (of: Pick<Term, "id" | "text" | "peer" | "named">): Term => ({
  ...of,
  refs: 1,
  classes: new Set(),
  users: new Set(),
});

function dropEmpty(near: Map<string, Set<Term>>, namespaces: unknown): void {
  if (typeof namespaces === "string" && near.get(namespaces)?.size === 0) near.delete(namespaces);
}
