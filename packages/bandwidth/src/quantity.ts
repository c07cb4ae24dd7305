/** Quantities as Kubernetes writes them (apimachinery, resource.Quantity), without rounding. */

/** A number that is not below zero as a fraction, and whether it was written without a suffix or an exponent. */
export type Quantity = {
  readonly numerator: bigint;
  readonly denominator: bigint;
  readonly isBare: boolean;
};

/** A suffix as powers: `10 ** ten * 2 ** two`. */
type Scale = { readonly ten: number; readonly two: number };

const SCALES: { readonly [suffix: string]: Scale } = {
  n: { ten: -9, two: 0 },
  u: { ten: -6, two: 0 },
  m: { ten: -3, two: 0 },
  "": { ten: 0, two: 0 },
  k: { ten: 3, two: 0 },
  M: { ten: 6, two: 0 },
  G: { ten: 9, two: 0 },
  T: { ten: 12, two: 0 },
  P: { ten: 15, two: 0 },
  E: { ten: 18, two: 0 },
  Ki: { ten: 0, two: 10 },
  Mi: { ten: 0, two: 20 },
  Gi: { ten: 0, two: 30 },
  Ti: { ten: 0, two: 40 },
  Pi: { ten: 0, two: 50 },
  Ei: { ten: 0, two: 60 },
};

const LONGEST_TEXT = 64;
const FORM = /^\+?(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,2})|([a-zA-Z]*))$/;

/** Reads a quantity; null for a text that is none, or one below zero. */
export function parseQuantity(text: string): Quantity | null {
  const [, whole = "", part = "", exponent = "", suffix = ""] = FORM.exec(text) ?? [];
  const scale = exponent === "" ? SCALES[suffix] : { ten: Number(exponent), two: 0 };
  if (scale === undefined || whole + part === "" || text.length > LONGEST_TEXT) return null;
  const places = scale.ten - part.length;
  return {
    numerator: (BigInt(whole + part) << BigInt(scale.two)) * power(places),
    denominator: power(-places),
    isBare: exponent + suffix === "",
  };
}

const power = (places: number): bigint => (places > 0 ? 10n ** BigInt(places) : 1n);

/** `factor` times the quantity, rounded up to a whole number, as Kubernetes rounds (resource.Quantity.Value). */
export const ceilTimes = ({ numerator, denominator }: Quantity, factor: bigint): bigint =>
  (numerator * factor + denominator - 1n) / denominator;
