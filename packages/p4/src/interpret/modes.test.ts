/** Both modes of the simulator do the same: functions that are made once, and the walk through the tree. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { parseStf } from "../stf/parse.ts";
import type { Packet } from "../stf/switch.ts";
import { switchOf, switchOfProgram, testedPrograms } from "./simulated.fixture.ts";
import { readKept, trafficFor } from "./traffic.fixture.ts";
import { typedProgram } from "./typed-program.fixture.ts";

/** How often longer runs (`npm run soak`) do it. */
const times = Number(process.env["SEAM_P4_RUNS"] ?? 1);
const patient = { timeout: 60_000 * times };

const packetsOf = (stf: string): readonly Packet[] => {
  const parsed = parseStf(stf);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return parsed.value.filter((each) => each.kind === "packet");
};

test.each(testedPrograms)(
  "I9: $name bears random packets, entries and rates, the same in both modes (property)",
  patient,
  ({ name, stf }) => {
    const packets = packetsOf(stf);
    fc.assert(
      fc.property(trafficFor(switchOfProgram(name), packets), (commands) => {
        const target = switchOfProgram(name);
        for (const command of commands) command(target);
        expect(readKept(target)).toBe(target.shape.counters.length + target.shape.registers.length);
      }),
      { numRuns: 8 * times },
    );
  },
);

/** A packet of a header of random programs and more. */
const packet = fc
  .tuple(fc.uint8Array({ minLength: 0, maxLength: 70 }), fc.nat(3), fc.nat(255))
  .map(([data, port, first]): Packet => {
    if (data.length > 0) data[0] = first;
    return { port, data };
  });

test("I9: random programs do the same in both modes (property)", patient, () => {
  let outputs = 0;
  fc.assert(
    fc.property(fc.nat(2 ** 31), (seed) => {
      const target = switchOf(typedProgram(seed));
      const packets = fc.sample(packet, { seed, numRuns: 10 });
      for (const commands of fc.sample(trafficFor(target, packets), { seed, numRuns: 2 })) {
        for (const command of commands) command(target);
      }
      for (const each of packets) {
        target.send(each);
        outputs += target.drain().length;
      }
      readKept(target);
    }),
    { numRuns: 40 * times },
  );
  expect(outputs).toBeGreaterThan(0);
});
