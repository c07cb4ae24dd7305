/**
 * Whether an object already holds everything that is wanted of it. The API server adds defaults, so the wanted object is
 * a part of the real one; it also rewrites quantities (`0.5` becomes `500m`), so these are compared by value.
 */
import { isJson } from "@seam/kube";

const SUFFIXES: { readonly [suffix: string]: number } = {
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
};

/** Fields that hold quantities by resource: of containers, of a ResourceQuota, of a LimitRange. */
const QUANTITIES = new Set(["requests", "limits", "hard", "default", "max"]);

/** Whether `real` has all that `wanted` has, with equal values; lists must be of equal length. */
export function contains(real: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) {
    return (
      Array.isArray(real) &&
      real.length === wanted.length &&
      wanted.every((item, index) => contains(real[index], item))
    );
  }
  if (!isJson(wanted)) return real === wanted;
  if (!isJson(real)) return Object.keys(wanted).length === 0 && real === undefined;
  return Object.entries(wanted).every(([key, value]) =>
    QUANTITIES.has(key) && isJson(value)
      ? sameQuantities(real[key], value)
      : contains(real[key], value),
  );
}

function sameQuantities(real: unknown, wanted: unknown): boolean {
  if (!isJson(real) || !isJson(wanted)) return real === wanted;
  const keys = Object.keys(wanted);
  return (
    keys.length === Object.keys(real).length &&
    keys.every((key) => quantity(real[key]) === quantity(wanted[key]))
  );
}

function quantity(value: unknown): number | string {
  const parts = /^([0-9.]+)([a-zA-Z]*)$/.exec(String(value));
  const factor = SUFFIXES[parts?.[2] ?? ""];
  return parts === null || factor === undefined ? String(value) : Number(parts[1]) * factor;
}
