/** The repository's programs do what their tests say, and bear any packet. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { parseStf } from "../stf/parse.ts";
import { runStf } from "../stf/run.ts";
import type { Statement } from "../stf/statement.ts";
import { switchOfProgram, testedPrograms } from "./simulated.fixture.ts";

/** Bytes that programs put around a packet at most: three segments of SRv6 in a header of IPv6. */
const MOST_ADDED = 40 + 56;

const statementsOf = (stf: string): readonly Statement[] => {
  const parsed = parseStf(stf);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return parsed.value;
};

test("I9: there are programs with tests", () => {
  expect(testedPrograms.length).toBeGreaterThan(4);
});

test.each(testedPrograms)("I9: $name passes its test", ({ name, stf }) => {
  const report = runStf(statementsOf(stf), switchOfProgram(name));
  expect(report.failures).toEqual([]);
});

const packets = (stf: string): readonly Extract<Statement, { kind: "packet" }>[] =>
  statementsOf(stf).filter((each) => each.kind === "packet");

test.each(testedPrograms)("I9: $name bears its packets cut at every byte", ({ name, stf }) => {
  const setUp = statementsOf(stf).filter(({ kind }) => kind !== "packet" && kind !== "expect");
  const target = switchOfProgram(name);
  runStf(setUp, target);
  const refused = packets(stf).flatMap(({ port, data }) =>
    Array.from(data, (_, length) => target.send({ port, data: data.subarray(0, length) })).filter(
      ({ ok }) => !ok,
    ),
  );
  expect(refused).toEqual([]);
});

test.each(testedPrograms)("I9: $name bears packets with any bytes changed", ({ name, stf }) => {
  const setUp = statementsOf(stf).filter(({ kind }) => kind !== "packet" && kind !== "expect");
  const target = switchOfProgram(name);
  runStf(setUp, target);
  const changed = fc.record({
    packet: fc.constantFrom(...packets(stf)),
    changes: fc.array(fc.record({ at: fc.nat(80), to: fc.nat(255) }), { maxLength: 6 }),
  });
  fc.assert(
    fc.property(changed, ({ packet, changes }) => {
      const data = packet.data.slice();
      for (const { at, to } of changes) data[at % data.length] = to;
      expect(target.send({ port: packet.port, data })).toEqual({ ok: true, value: undefined });
      expect(target.drain().every((out) => out.data.length <= data.length + MOST_ADDED)).toBe(true);
    }),
    { numRuns: 200 },
  );
});
