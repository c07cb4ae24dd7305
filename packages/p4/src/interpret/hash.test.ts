/** Hashes and meters against published values. */
import { expect, test } from "vitest";
import { crc16, crc32, csum16, hashOf, toeplitz, xor16 } from "./hash.ts";
import { color, meterCell, setRates } from "./meter.ts";

const check = new TextEncoder().encode("123456789");

test("I9: checksums give the check values of the catalogue of CRCs, and of RFC 1071", () => {
  expect(crc32(check)).toBe(0xcbf4_3926);
  expect(crc16(check)).toBe(0xbb3d);
  // RFC 1071, section 3: the sum of these is ddf2.
  expect(csum16(Uint8Array.from([0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]))).toBe(0x220d);
  expect(xor16(Uint8Array.from([0x12, 0x34, 0x01]))).toBe(0x1334);
});

test("I9: Toeplitz gives the published values of receive side scaling", () => {
  // 66.9.149.187:2794 to 161.142.100.80:1766.
  const addresses = [66, 9, 149, 187, 161, 142, 100, 80];
  expect(toeplitz(Uint8Array.from(addresses))).toBe(0x323e_8fc2);
  expect(toeplitz(Uint8Array.from([...addresses, 0x0a, 0xea, 0x06, 0xe6]))).toBe(0x51cc_c178);
});

test("I9: identity is the first eight bytes, whatever the case of its name; random is no function", () => {
  expect(hashOf("IDENTITY")?.(Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9]))).toBe(
    0x0102_0304_0506_0708n,
  );
  expect(hashOf("random")).toBeUndefined();
});

test("I9: a meter of two rates colours by its buckets, which time fills (RFC 2698)", () => {
  const cell = meterCell();
  expect(color(cell, 1500, { now: 0 })).toBe(0);
  setRates(
    cell,
    [
      { perMicrosecond: 1, burst: 1000 },
      { perMicrosecond: 2, burst: 3000 },
    ],
    0,
  );
  const at = (now: number, bytes: number): number => color(cell, bytes, { now });
  expect([at(0, 1000), at(0, 1000), at(0, 1000), at(0, 1)]).toEqual([0, 1, 1, 2]);
  // 500 bytes are back in the committed bucket, and 1000 in the peak one.
  expect([at(500, 500), at(500, 500), at(500, 500)]).toEqual([0, 1, 2]);
  expect(color(cell, 1, { now: 10_000, before: 2 })).toBe(2);
  expect(color(cell, 1, { now: 10_000, before: 1 })).toBe(1);
});
