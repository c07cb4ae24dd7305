/** Numbers as P4Runtime writes them (1.5, section 8.4): most significant byte first, as few bytes as hold them. */
import { underlying } from "../types/show.ts";
import type { Type } from "../types/type.ts";

/** The shortest form of a number that is not negative; 0 has one byte. */
export function bytesOf(value: bigint): Uint8Array {
  const text = value.toString(16);
  return Uint8Array.from(
    text
      .padStart(text.length + (text.length % 2), "0")
      .match(/../g)
      ?.map((each) => Number.parseInt(each, 16)) ?? [],
  );
}

/** The shortest form in two's complement: the first bit is the sign. */
function signedBytesOf(value: bigint): Uint8Array {
  const bits = (value < 0n ? ~value : value).toString(2).length + 1;
  const bytes = Math.ceil(bits / 8);
  const plain = bytesOf(BigInt.asUintN(bytes * 8, value));
  return Uint8Array.from([...Array.from({ length: bytes - plain.length }, () => 0), ...plain]);
}

/** A number of a type as bytes. */
export const bytesOfType = (value: bigint, type: Type): Uint8Array =>
  underlying(type).kind === "int" ? signedBytesOf(value) : bytesOf(value);
