/** Narrow numbers are computed as wide ones are: what is known of bigint holds for both. */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  arithmetic,
  concatenation,
  converted,
  replaced,
  sliced,
  unary,
  wrapWide,
} from "./arithmetic.ts";
import {
  bitWriter,
  readMiddle,
  readNarrow,
  readWide,
  writeMiddle,
  writeNarrow,
  writeWide,
  written,
} from "./bits.ts";
import { numberOf, type Scalar } from "./value.ts";

const big = (value: unknown): bigint => BigInt(Number(value));

const scalars = fc.record({ width: fc.integer({ min: 1, max: 52 }), isSigned: fc.boolean() });

/** What operators do to whole numbers before they are wrapped around. */
const exact = [
  { operator: "+", compute: (left: bigint, right: bigint) => left + right },
  { operator: "-", compute: (left: bigint, right: bigint) => left - right },
  { operator: "*", compute: (left: bigint, right: bigint) => left * right },
  { operator: "&", compute: (left: bigint, right: bigint) => left & right },
  { operator: "|", compute: (left: bigint, right: bigint) => left | right },
  { operator: "^", compute: (left: bigint, right: bigint) => left ^ right },
] as const;

const operand = fc.bigInt({ min: -(2n ** 53n), max: 2n ** 53n });

test.each(exact)(
  "I9: $operator of up to 52 bits wraps around as exact numbers do (8.6, 8.7)",
  ({ operator, compute }) => {
    fc.assert(
      fc.property(scalars, fc.tuple(operand, operand), (type: Scalar, [one, two]) => {
        const [left, right] = [numberOf(one, type), numberOf(two, type)];
        const expected = wrapWide(type)(compute(big(left), big(right)));
        expect(arithmetic(operator, type)(left, right)).toBe(Number(expected));
      }),
    );
  },
);

test("I9: shifts beyond the width leave nothing, or the sign (8.6, 8.7)", () => {
  fc.assert(
    fc.property(
      scalars,
      fc.bigInt({ min: 0n, max: 2n ** 52n - 1n }),
      fc.integer({ min: 0, max: 70 }),
      (type: Scalar, one, count) => {
        const left = numberOf(one, type);
        const wide = { ...type, width: type.width };
        const up = wrapWide(wide)(big(left) << BigInt(count));
        expect(arithmetic("<<", type)(left, count)).toBe(Number(up));
        expect(arithmetic(">>", type)(left, count)).toBe(Number(big(left) >> BigInt(count)));
      },
    ),
  );
});

test.each([
  { width: 8, isSigned: false, operator: "|+|", operands: [200, 100], result: 255 },
  { width: 8, isSigned: false, operator: "|-|", operands: [100, 200], result: 0 },
  { width: 8, isSigned: true, operator: "|+|", operands: [100, 100], result: 127 },
  { width: 8, isSigned: true, operator: "|-|", operands: [-100, 100], result: -128 },
  { width: 32, isSigned: false, operator: "|+|", operands: [0xffff_ffff, 1], result: 0xffff_ffff },
] as const)(
  "I9: $operands $operator saturates (8.5)",
  ({ operator, operands, result, ...type }) => {
    const [left, right] = operands;
    expect(arithmetic(operator, type)(left, right)).toBe(result);
  },
);

test("I9: wide numbers saturate, wrap around and are shifted without growing", () => {
  const wide = { width: 64, isSigned: false };
  const most = 2n ** 64n - 1n;
  expect(arithmetic("|+|", wide)(most, 5n)).toBe(most);
  expect(arithmetic("|-|", wide)(3n, 5n)).toBe(0n);
  expect(arithmetic("+", wide)(most, 5n)).toBe(4n);
  expect(arithmetic("<<", wide)(1n, 2n ** 60n)).toBe(0n);
  expect(arithmetic(">>", { width: 64, isSigned: true })(-4n, 1000n)).toBe(-1n);
});

test("I9: casts, slices, concatenations and negations of all widths (8.8, 8.12)", () => {
  expect(converted({ width: 8, isSigned: true }, { width: 16, isSigned: true })(-1)).toBe(-1);
  expect(converted({ width: 8, isSigned: true }, { width: 8, isSigned: false })(-1)).toBe(255);
  expect(converted({ width: 64, isSigned: false }, { width: 8, isSigned: true })(0xffn)).toBe(-1);
  expect(converted({ width: 32, isSigned: false }, { width: 64, isSigned: false })(7)).toBe(7n);
  expect(sliced({ width: 32, isSigned: false }, 31, 24)(0x8123_4567)).toBe(0x81);
  const long = { width: 64, isSigned: false };
  expect(sliced(long, 63, 8)(0x0102_0304_0506_0708n)).toBe(0x01_0203_0405_0607n);
  expect(replaced({ width: 8, isSigned: false }, 5, 2)(0xff, 0)).toBe(0xc3);
  expect(replaced({ width: 8, isSigned: true }, 7, 7)(0, 1)).toBe(-128);
  const [four, eight] = [
    { width: 4, isSigned: false },
    { width: 8, isSigned: true },
  ];
  expect(concatenation(four, eight, { width: 12, isSigned: false })(0xa, -1)).toBe(0xaff);
  expect(unary("-", eight)(-128)).toBe(-128);
  expect(unary("~", { width: 32, isSigned: false })(0)).toBe(0xffff_ffff);
  expect(unary("~", long)(0n)).toBe(2n ** 64n - 1n);
});

/** A type with a number of it, narrow or wide. */
const typed = fc
  .record({ width: fc.integer({ min: 2, max: 70 }), isSigned: fc.boolean() })
  .chain((type) => fc.tuple(fc.constant(type), fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n })));

test("I9: casts, slices, parts and concatenations of all widths are those of exact numbers", () => {
  fc.assert(
    fc.property(typed, typed, fc.tuple(fc.nat(69), fc.nat(69)), ([type, one], [to, two], cutAt) => {
      const [value, other] = [numberOf(one, type), numberOf(two, to)];
      const [exactly, bitsOfOther] = [BigInt(value), BigInt.asUintN(to.width, two)];
      expect(converted(type, to)(value)).toBe(numberOf(exactly, to));
      const high = Math.max(...cutAt) % type.width;
      const low = Math.min(...cutAt) % (high + 1);
      const cut = { width: high - low + 1, isSigned: false };
      expect(sliced(type, high, low)(value)).toBe(numberOf(exactly >> BigInt(low), cut));
      const mask = ((1n << BigInt(cut.width)) - 1n) << BigInt(low);
      const fresh = numberOf(two, cut);
      expect(replaced(type, high, low)(value, fresh)).toBe(
        numberOf((exactly & ~mask) | ((two << BigInt(low)) & mask), type),
      );
      const both = { width: type.width + to.width, isSigned: type.isSigned };
      expect(concatenation(type, to, both)(value, other)).toBe(
        numberOf((exactly << BigInt(to.width)) | bitsOfOther, both),
      );
      expect(unary("~", type)(value)).toBe(numberOf(~exactly, type));
      expect(unary("-", type)(value)).toBe(numberOf(-exactly, type));
    }),
    { numRuns: 500 },
  );
});

test("I9: bits that are written are read again, wherever they stand", () => {
  const field = fc.integer({ min: 1, max: 130 }).chain((width) =>
    fc.record({
      width: fc.constant(width),
      value: fc.bigInt({ min: 0n, max: 2n ** BigInt(width) - 1n }),
    }),
  );
  fc.assert(
    fc.property(fc.array(field, { maxLength: 40 }), (fields) => {
      const writer = bitWriter();
      for (const { width, value } of fields) {
        if (width <= 32) writeNarrow(writer, Number(value), width);
        else if (width <= 52) writeMiddle(writer, Number(value), width);
        else writeWide(writer, value, width);
      }
      const data = written(writer);
      let at = 0;
      for (const { width, value } of fields) {
        expect(readWide(data, at, width)).toBe(value);
        const narrow = Math.min(width, 32);
        expect(readNarrow(data, at, narrow)).toBe(Number(value >> BigInt(width - narrow)));
        const middle = Math.min(width, 52);
        const read = middle > 32 ? readMiddle(data, at, middle) : readNarrow(data, at, middle);
        expect(read).toBe(Number(value >> BigInt(width - middle)));
        at += width;
      }
      expect(data.length).toBe(Math.ceil(at / 8));
    }),
  );
});
