/** Quantities carry their unit in the type; this is the only file where `as` makes one. */
declare const unit: unique symbol;

/** A number with a unit. */
export type Quantity<U extends string> = number & { readonly [unit]: U };
/** Megabits (10^6 bits) per second. */
export type Mbps = Quantity<"Mbps">;
/** Bits per second, a whole number. */
export type BitsPerSecond = Quantity<"BitsPerSecond">;
/** Bytes. */
export type Bytes = Quantity<"Bytes">;
/** Milliseconds. */
export type Millis = Quantity<"Millis">;
/** A kernel interface index, 1 or more. */
export type Ifindex = Quantity<"Ifindex">;

/** `n` megabits per second. */
export const mbps = (n: number): Mbps => n as Mbps;
/** `n` bits per second. */
export const bitsPerSecond = (n: number): BitsPerSecond => n as BitsPerSecond;
/** `n` bytes. */
export const bytes = (n: number): Bytes => n as Bytes;
/** `n` milliseconds. */
export const millis = (n: number): Millis => n as Millis;
/** The interface index `n`. */
export const ifindex = (n: number): Ifindex => n as Ifindex;
