/** Up to which resourceVersion each kind of policy has been taken in. */
import type { VersionsByKind } from "@seam/api";

/** What has been handled, by kind. */
export type HandledVersions = {
  /** From now on `version` is asked for a kind; null while it is being listed. */
  readonly follow: (kind: string, version: () => string | null) => void;
  /** Objects of a kind have changed, or may have. */
  readonly touch: (kind: string) => void;
  /** The versions now. What bookmarks alone moved on is not asked for, so that it makes no news. */
  readonly read: () => VersionsByKind;
};

/** Nothing is followed yet. */
export function createHandledVersions(): HandledVersions {
  const sources = new Map<string, () => string | null>();
  const touched = new Set<string>();
  const known = new Map<string, string>();
  return {
    follow: (kind, version) => {
      sources.set(kind, version);
      touched.add(kind);
    },
    touch: (kind) => void touched.add(kind),
    read: () => {
      for (const [kind, version] of sources) {
        const now = touched.has(kind) ? version() : null;
        if (now === null) continue;
        known.set(kind, now);
        touched.delete(kind);
      }
      return known;
    },
  };
}
