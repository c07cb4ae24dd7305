/**
 * Whether an object already holds everything that is wanted of it. The API server adds defaults, so the wanted object is
 * a part of the real one; it also rewrites quantities (`0.5` becomes `500m`), so these are compared by value.
 */
import { isJson, quantityOf } from "@seam/kube";

/** Fields that hold one quantity: of an emptyDir. */
const QUANTITY = new Set(["sizeLimit"]);
/** Fields that hold quantities by resource: of containers, of a ResourceQuota, of a LimitRange. */
const QUANTITIES = new Set(["requests", "limits", "hard", "default", "max"]);

/** Whether `real` has all that `wanted` has, with equal values; lists must be of equal length, and an empty one may be absent. */
export function contains(real: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) {
    const items: readonly unknown[] = Array.isArray(real) ? real : [];
    return (
      items.length === wanted.length && wanted.every((item, index) => contains(items[index], item))
    );
  }
  if (!isJson(wanted)) return real === wanted;
  if (!isJson(real)) return Object.keys(wanted).length === 0 && real === undefined;
  return Object.entries(wanted).every(([key, value]) => {
    if (QUANTITY.has(key)) return quantity(real[key]) === quantity(value);
    return QUANTITIES.has(key) && isJson(value)
      ? sameQuantities(real[key], value)
      : contains(real[key], value);
  });
}

function sameQuantities(real: unknown, wanted: unknown): boolean {
  if (!isJson(real) || !isJson(wanted)) return real === wanted;
  const keys = Object.keys(wanted);
  return (
    keys.length === Object.keys(real).length &&
    keys.every((key) => quantity(real[key]) === quantity(wanted[key]))
  );
}

const quantity = (value: unknown): number | string => quantityOf(String(value)) ?? String(value);
