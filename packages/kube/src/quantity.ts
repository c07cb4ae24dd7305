/** Quantities as Kubernetes writes them (apimachinery, resource.Quantity), without exponents. */

const FACTORS: { readonly [suffix: string]: number } = {
  n: 1e-9,
  u: 1e-6,
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

/** The number that a quantity is, `500m` as 0.5; null for a text that is none. */
export function quantityOf(text: string): number | null {
  const [, count = "", suffix = ""] = /^([0-9.]+)([a-zA-Z]*)$/.exec(text) ?? [];
  const factor = FACTORS[suffix];
  return count === "" || factor === undefined ? null : Number(count) * factor;
}
