/** Externs of p4c's eBPF, uBPF and XDP models. Checksums by difference follow RFC 1624. */
import { bytesOf, writerOf } from "../codec.ts";
import { given, numberAs, unsigned } from "../checksums.ts";
import { crc32, csum16 } from "../hash.ts";
import { bitWriter, writeWide, written } from "../bits.ts";
import type { ExternFactory, Externs } from "../machine.ts";
import { countersOf } from "../kept.ts";
import { constructorSize } from "../blocks.ts";
import { effect, type Maker, numberResult, objectsBy, register } from "../objects.ts";
import { verify } from "../packet-externs.ts";
import { indexOf } from "../value.ts";

/** What functions of these models ask of the switch. */
export type Verdict = {
  /** What `mark_to_drop` and `mark_to_pass` said last. */
  isDropped: boolean;
  truncateBytes?: number | undefined;
};

/** `increment(index)` and `add(index, value)`: packets count what was added. */
const counterArray: Maker = (node, compiler) => {
  const counters = countersOf(constructorSize(node, "max_index", compiler));
  const add = (index: number, value: bigint): void => {
    const { packets, bytes } = counters.control.read(index) ?? { packets: 0n, bytes: 0n };
    counters.control.write(index, { packets: BigInt.asUintN(32, packets + value), bytes });
  };
  return {
    counter: counters.control,
    methods: {
      increment: (call) => {
        const index = given(call, 0);
        return effect(() => add(indexOf(index.get()), 1n));
      },
      add: (call) => {
        const [index, value] = [given(call, 0), given(call, 1)];
        return effect(() => add(indexOf(index.get()), unsigned(value)));
      },
    },
  };
};

/** ~(~sum + ~old + new), over 16-bit words (RFC 1624, equation 3). */
const replace =
  (words: 1 | 2): ExternFactory =>
  (call) => {
    const [sum, old, fresh] = [given(call, 0), given(call, 1), given(call, 2)];
    const mask = (1n << BigInt(words * 16)) - 1n;
    return numberResult(call, () => {
      const writer = bitWriter();
      writeWide(writer, ~unsigned(sum), 16);
      writeWide(writer, ~unsigned(old) & mask, words * 16);
      writeWide(writer, unsigned(fresh), words * 16);
      return BigInt(csum16(written(writer)));
    });
  };

/** The header checksum over all arguments, one after the other. */
const headerChecksum: ExternFactory = (call) => {
  const writers = call.arguments.map((argument) => ({ argument, write: writerOf(argument.type) }));
  return numberResult(call, () => {
    const writer = bitWriter();
    for (const { argument, write } of writers) write(writer, argument.get());
    return BigInt(csum16(written(writer)));
  });
};

/** `hash(result, lookup3, data)`: which function it is, is the target's matter; here it is CRC-32. */
const hash: ExternFactory = (call) => {
  const [result, data] = [given(call, 0), given(call, 2)];
  const write = writerOf(data.type);
  return effect(() => result.set(numberAs(BigInt(crc32(bytesOf(write, data.get()))), result)));
};

/** What the models add to the language. */
export const filterExterns = (verdict: Verdict): Externs => ({
  functions: {
    verify,
    hash,
    mark_to_drop: () =>
      effect(() => {
        verdict.isDropped = true;
      }),
    mark_to_pass: () =>
      effect(() => {
        verdict.isDropped = false;
      }),
    truncate: ({ arguments: [length] }) =>
      effect(() => {
        verdict.truncateBytes = indexOf(length?.get() ?? 0);
      }),
    ubpf_time_get_ns: (call) => numberResult(call, () => BigInt(call.machine.now) * 1000n),
    BPF_KTIME_GET_NS: (call) => numberResult(call, () => BigInt(call.machine.now) * 1000n),
    BPF_PERF_EVENT_OUTPUT: (call) => numberResult(call, () => 0n),
    csum_replace2: replace(1),
    csum_replace4: replace(2),
    ebpf_ipv4_checksum: headerChecksum,
    static_assert: () => () => true,
  },
  create: objectsBy(
    new Map<string, Maker>([
      ["CounterArray", counterArray],
      ["Register", register],
    ]),
  ),
});
