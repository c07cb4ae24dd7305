/** Names of match kinds as programs write them. */
import type { MatchKind } from "../stf/switch.ts";

const kinds: ReadonlyMap<string, MatchKind> = new Map<string, MatchKind>(
  (["exact", "lpm", "ternary", "range", "optional", "selector"] as const).map((kind) => [
    kind,
    kind,
  ]),
);

/** The match kind of a name; those that only some architectures have are matched exactly. */
export const matchKindOf = (name: string): MatchKind => kinds.get(name) ?? "exact";
