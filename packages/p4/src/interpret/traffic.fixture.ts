/** Random traffic for a program: packets that are changed valid ones, and whatever a control plane may do meanwhile. */
import fc from "fast-check";
import type { ActionCall, Match, Packet, Switch, SwitchShape, TableShape } from "../stf/switch.ts";

/** Something that is done to a switch. */
type Command = (target: Switch) => void;

const bits = (width: number): fc.Arbitrary<bigint> => {
  const most = (1n << BigInt(width)) - 1n;
  const few = most < 3n ? most : 3n;
  return fc.oneof(
    fc.bigInt({ min: 0n, max: few }),
    fc.bigInt({ min: 0n, max: most }),
    fc.constant(most),
  );
};

/** A match for a field of a key, of a kind that the table takes. */
function matchFor({ width, match }: TableShape["keys"][number]): fc.Arbitrary<Match> {
  const exact = bits(width).map((value): Match => ({ kind: "exact", value }));
  const any = fc.constant<Match>({ kind: "any" });
  switch (match) {
    case "exact":
    case "selector":
      return exact;
    case "optional":
      return fc.oneof(exact, any);
    case "lpm":
      return fc
        .tuple(bits(width), fc.nat(width))
        .map(([value, prefixBits]): Match => ({ kind: "lpm", value, prefixBits }));
    case "ternary":
      return fc.oneof(
        any,
        fc
          .tuple(bits(width), bits(width))
          .map(([value, mask]): Match => ({ kind: "ternary", value, mask })),
      );
    case "range":
      return fc.oneof(
        any,
        fc
          .tuple(bits(width), bits(width))
          .map(([one, two]): Match =>
            one < two
              ? { kind: "range", first: one, last: two }
              : { kind: "range", first: two, last: one },
          ),
      );
  }
}

const actionFor = ({ actions }: TableShape): fc.Arbitrary<ActionCall> =>
  fc
    .constantFrom(...actions)
    .chain(({ name, parameters }) =>
      fc
        .tuple(...parameters.map(({ width }) => bits(width)))
        .map((args): ActionCall => ({ name, args })),
    );

const entryFor = (table: TableShape): fc.Arbitrary<Command> =>
  fc.tuple(fc.tuple(...table.keys.map(matchFor)), fc.nat(5), actionFor(table)).map(
    ([matches, priority, action]): Command =>
      (target) =>
        target.addEntry({ table: table.name, matches, priority, action }),
  );

const defaultFor = (table: TableShape): fc.Arbitrary<Command> =>
  actionFor(table).map(
    (action): Command =>
      (target) =>
        target.setDefault(table.name, action),
  );

const index = fc.nat(9);

/** What a control plane does to counters, registers, meters, clone sessions and groups. */
function otherCommands({ counters, registers, meters }: SwitchShape): fc.Arbitrary<Command> {
  const rate = fc.record({ perMicrosecond: fc.constantFrom(0, 0.001, 1), burst: fc.nat(200) });
  const named = <T>(
    names: readonly string[],
    value: fc.Arbitrary<T>,
    act: (cell: { readonly name: string; readonly index: number }, value: T) => Command,
  ): readonly fc.Arbitrary<Command>[] =>
    names.map((name) => fc.tuple(index, value).map(([at, each]) => act({ name, index: at }, each)));
  return fc.oneof(
    ...named(counters, bits(16), (cell, packets) => (target) => {
      target.writeCounter(cell, { packets, bytes: packets });
    }),
    ...named(registers, bits(64), (cell, value) => (target) => {
      target.writeRegister(cell, value);
    }),
    ...named(meters, fc.tuple(rate, rate), (cell, rates) => (target) => {
      target.writeMeter(cell, rates);
    }),
    fc.tuple(index, index).map(([session, port]): Command => (target) => {
      target.setCloneSession(session, { kind: "port", port });
    }),
    fc
      .tuple(index, fc.array(index, { maxLength: 3 }))
      .map(([group, ports]): Command => (target) => {
        target.createGroup(group);
        const node = target.createNode(group, ports);
        if (node.ok) target.associateNode(group, node.value);
      }),
    fc.constant<Command>((target) => target.removeEntries()),
    fc.nat(100).map(
      (seconds): Command =>
        (target) =>
          target.pass(seconds * 1_000_000),
    ),
  );
}

/** Packets that are others' with some bytes changed, cut anywhere, or with more behind. */
const packetLike = (packets: readonly Packet[]): fc.Arbitrary<Packet> =>
  fc
    .record({
      packet: fc.constantFrom(...packets),
      changes: fc.array(
        fc.tuple(fc.nat(100), fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.nat(255))),
        { maxLength: 4 },
      ),
      cutBytes: fc.option(fc.nat(120)),
      behind: fc.uint8Array({ maxLength: 12 }),
    })
    .map(({ packet: { port, data }, changes, cutBytes, behind }) => {
      const whole = Uint8Array.from([...data, ...behind]);
      for (const [at, to] of changes) if (whole.length > 0) whole[at % whole.length] = to;
      return { port, data: whole.subarray(0, cutBytes ?? whole.length) };
    });

/** Longer packets than this none of the programs makes of one of 200 bytes. */
const MOST_BYTES = 2000;

const sending =
  (packet: Packet): Command =>
  (target) => {
    target.send(packet);
    target.notifications();
    const out = target.drain();
    if (out.some(({ data }) => data.length > MOST_BYTES))
      throw new Error("a packet became too long");
  };

/** Commands for a switch, most of them packets. */
export function trafficFor(
  { shape }: Switch,
  packets: readonly Packet[],
): fc.Arbitrary<readonly Command[]> {
  const tables = shape.tables.filter(({ actions }) => actions.length > 0);
  const entries = tables.map(entryFor);
  const defaults = tables.map(defaultFor);
  const sent = packetLike(packets).map(sending);
  return fc.array(
    fc.oneof(
      { weight: 12, arbitrary: sent },
      { weight: 4, arbitrary: entries.length > 0 ? fc.oneof(...entries) : sent },
      { weight: 1, arbitrary: defaults.length > 0 ? fc.oneof(...defaults) : sent },
      { weight: 2, arbitrary: otherCommands(shape) },
    ),
    { minLength: 1, maxLength: 60 },
  );
}

/** Reads all that a switch keeps, up to some index; how many counters and registers there are. */
export function readKept(target: Switch): number {
  const { counters, registers, meters } = target.shape;
  for (let at = 0; at < 12; at += 1) {
    for (const name of counters) target.readCounter({ name, index: at });
    for (const name of registers) target.readRegister({ name, index: at });
    for (const name of meters) target.readMeter({ name, index: at });
  }
  return counters.length + registers.length;
}
