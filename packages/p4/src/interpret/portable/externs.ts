/** What PSA and PNA have in common: hashes, checksums, counters, meters, registers, random numbers (PSA.adoc, section 7). */
import { constructorValue } from "../blocks.ts";
import { given, hashNamed, unsigned } from "../checksums.ts";
import { bytesOf, writerOf } from "../codec.ts";
import { onesComplementSum } from "../hash.ts";
import type { ExternCall, ExternFactory, Externs, Run } from "../machine.ts";
import {
  asserted,
  counterMaker,
  digesting,
  directCounter,
  directMeter,
  effect,
  type Maker,
  meterMaker,
  numberResult,
  register,
} from "../objects.ts";
import { verify } from "../packet-externs.ts";
import { between } from "../random.ts";
import { bitsOf, scalarOf, type Value } from "../value.ts";

/** The bytes of an argument. */
function dataOf(call: ExternCall, index: number): () => Uint8Array {
  const data = given(call, index);
  const write = writerOf(data.type);
  return () => bytesOf(write, data.get());
}

/** `get_hash(data)`, or `get_hash(base, data, max)`: base + hash % max, base when max is 0. */
const hash: Maker = (node, compiler) => {
  const algorithm = constructorValue(node, "algo", compiler) ?? "";
  const { random } = compiler.machine;
  const getHash = (call: ExternCall): Run => {
    if (call.arguments.length === 1) {
      const data = dataOf(call, 0);
      return numberResult(call, () => hashNamed(algorithm, data(), random));
    }
    const [base, data, max] = [given(call, 0), dataOf(call, 1), given(call, 2)];
    return numberResult(call, () => {
      const most = unsigned(max);
      const offset = most === 0n ? 0n : hashNamed(algorithm, data(), random) % most;
      return unsigned(base) + offset;
    });
  };
  return { methods: { get_hash: getHash } };
};

/** A hash of all that `update` was given since `clear`, for one packet. */
const checksum: Maker = (node, compiler) => {
  const algorithm = constructorValue(node, "hash", compiler) ?? "";
  let bytes: number[] = [];
  const clear = (): void => {
    bytes = [];
  };
  return {
    begin: clear,
    methods: {
      clear: () => effect(clear),
      update: (call) => {
        const data = dataOf(call, 0);
        return effect(() => {
          bytes.push(...data());
        });
      },
      get: (call) =>
        numberResult(call, () =>
          hashNamed(algorithm, Uint8Array.from(bytes), compiler.machine.random),
        ),
    },
  };
};

/** The Internet checksum: the sum is kept for one packet; what is subtracted is added in one's complement. */
const internetChecksum: Maker = () => {
  let sum = 0;
  const clear = (): void => {
    sum = 0;
  };
  const adding =
    (invert: 0 | 0xff): ExternFactory =>
    (call) => {
      const data = dataOf(call, 0);
      return effect(() => {
        const bytes = data().map((byte) => byte ^ invert);
        sum = onesComplementSum(bytes, sum);
      });
    };
  return {
    begin: clear,
    methods: {
      clear: () => effect(clear),
      add: adding(0),
      subtract: adding(0xff),
      get: (call) => numberResult(call, () => BigInt(~sum & 0xffff)),
      get_state: (call) => numberResult(call, () => BigInt(sum)),
      set_state: (call) => {
        const state = given(call, 0);
        return effect(() => {
          sum = Number(unsigned(state));
        });
      },
    },
  };
};

/** A number from min to max, both included. */
const random: Maker = (node, compiler) => {
  const bound = (name: string): bigint => {
    const argument = node.arguments.get(name);
    const scalar = argument?.kind === "value" ? scalarOf(argument.value.type) : undefined;
    const value: Value = constructorValue(node, name, compiler) ?? 0;
    return bitsOf(value, scalar ?? { width: 64, isSigned: false });
  };
  const [first, last] = [bound("min"), bound("max")];
  return {
    methods: {
      read: (call) => numberResult(call, () => between(call.machine.random, first, last)),
    },
  };
};

/** Digests are told the controller. */
const digest: Maker = ({ path }) => ({
  methods: { pack: (call) => digesting(call, given(call, 0), path) },
});

/** Objects by the names of their types. */
export const portableMakers: ReadonlyMap<string, Maker> = new Map<string, Maker>([
  ["Hash", hash],
  ["Checksum", checksum],
  ["InternetChecksum", internetChecksum],
  ["Counter", counterMaker("n_counters")],
  ["DirectCounter", directCounter],
  ["Meter", meterMaker("n_meters")],
  ["DirectMeter", directMeter],
  ["Register", register],
  ["Random", random],
  ["Digest", digest],
]);

/** Functions of both. */
export const portableFunctions: Externs["functions"] = {
  verify,
  assert: asserted,
  assume: asserted,
  static_assert: () => () => true,
};
