/** The kinds that people name on a command line, and how: by kind, plural or short name, in any case. */
import { API_VERSION, BANDWIDTH_KIND } from "@seam/api";
import { err, ok, type Result } from "@seam/base";
import type { SeamError } from "./error.ts";

/** A kind and its names. */
export type KnownKind = {
  readonly kind: string;
  readonly apiVersion: string;
  readonly plural: string;
  readonly shortNames: readonly string[];
  readonly namespaced: boolean;
};

const core = (kind: string, short: string): KnownKind => ({
  kind,
  apiVersion: "v1",
  plural: `${kind.toLowerCase()}s`,
  shortNames: [short],
  namespaced: true,
});

/** The kind `Project`. */
export const PROJECT: KnownKind = {
  kind: "Project",
  apiVersion: API_VERSION,
  plural: "projects",
  shortNames: ["proj"],
  namespaced: false,
};

/** The kind `Experiment`. */
export const EXPERIMENT: KnownKind = {
  kind: "Experiment",
  apiVersion: API_VERSION,
  plural: "experiments",
  shortNames: ["exp"],
  namespaced: true,
};

/** The kind `NetworkConfig`. */
export const NETWORK_CONFIG: KnownKind = {
  kind: "NetworkConfig",
  apiVersion: API_VERSION,
  plural: "networkconfigs",
  shortNames: ["netconf"],
  namespaced: false,
};

const BANDWIDTH: KnownKind = {
  ...BANDWIDTH_KIND,
  plural: "bandwidths",
  shortNames: [],
  namespaced: false,
};

/** All kinds that `findKind` knows. */
const KNOWN: readonly KnownKind[] = [
  PROJECT,
  EXPERIMENT,
  NETWORK_CONFIG,
  BANDWIDTH,
  { ...core("Namespace", "ns"), namespaced: false },
  { ...core("Node", "no"), namespaced: false },
  core("Pod", "po"),
  core("Service", "svc"),
  core("ConfigMap", "cm"),
  { ...core("StatefulSet", "sts"), apiVersion: "apps/v1" },
  { ...core("Deployment", "deploy"), apiVersion: "apps/v1" },
  { ...core("DaemonSet", "ds"), apiVersion: "apps/v1" },
];

/** All names that `findKind` knows, long and short. */
export const kindNames = (): readonly string[] => KNOWN.flatMap(namesOf);

/** The kind that `word` names; the error lists the kinds and suggests the nearest. */
export function findKind(word: string): Result<KnownKind, SeamError> {
  const wanted = word.toLowerCase();
  const found = KNOWN.find((each) => namesOf(each).includes(wanted));
  if (found !== undefined) return ok(found);
  const near = nearest(wanted, KNOWN.flatMap(namesOf));
  const hint = near === undefined ? "" : `Did you mean ${near}? `;
  const list = KNOWN.map(({ plural, shortNames }) =>
    shortNames.length === 0 ? plural : `${plural} (${shortNames.join(", ")})`,
  ).join(", ");
  return err({
    code: "BadInput",
    message: `unknown kind "${word}"`,
    hint: `${hint}Known kinds: ${list}.`,
    details: [],
  });
}

const namesOf = (each: KnownKind): readonly string[] => [
  each.kind.toLowerCase(),
  each.plural,
  ...each.shortNames,
];

/** The name that was probably meant: one that `word` begins, else one that differs by two letters at most. */
export function nearest(word: string, names: readonly string[]): string | undefined {
  const begun = word.length >= 3 ? names.find((name) => name.startsWith(word)) : undefined;
  if (begun !== undefined) return begun;
  const [near] = names
    .map((name) => ({ name, distance: editDistance(word, name) }))
    .toSorted((a, b) => a.distance - b.distance);
  return near !== undefined && near.distance <= 2 ? near.name : undefined;
}

function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [index, letter] of from.split("").entries()) {
    const next = [index + 1];
    for (const [at, other] of to.split("").entries()) {
      const swap = (row[at] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(swap, (row[at + 1] ?? 0) + 1, (next[at] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
