/** Programs in the simulator, for tests. */
import { renderDiagnostic } from "../source/diagnostic.ts";
import { bytesOfHex, hexadecimal } from "../stf/packets.ts";
import type { Switch } from "../stf/switch.ts";
import { allPrograms, analysedText } from "../testing.fixture.ts";
import { simulate, type SimulateOptions } from "./simulate.ts";
import { twinOf } from "./twin.fixture.ts";

type Mode = NonNullable<SimulateOptions["mode"]>;

/** The repository's programs that have a test, with it. */
export const testedPrograms: readonly { readonly name: string; readonly stf: string }[] =
  allPrograms.flatMap(({ name, stf }) => (stf === undefined ? [] : [{ name, stf }]));

/** A switch that runs a program of this text, made as often as there are modes. */
function switchesOf(text: string, modes: readonly Mode[]): readonly Switch[] {
  const { program, tree, diagnostics } = analysedText(text);
  if (program === undefined || tree === undefined) {
    throw new Error(diagnostics.map(renderDiagnostic).join("\n"));
  }
  return modes.map((mode) => {
    const made = simulate({ program, tree }, { mode });
    if (made.ok) return made.value;
    throw new Error(made.error);
  });
}

/** A switch that runs a program of this text in one of the simulator's modes. */
export function switchIn(mode: Mode, text: string): Switch {
  const [only] = switchesOf(text, [mode]);
  if (only === undefined) throw new Error("there is one switch for each mode");
  return only;
}

/** A switch that runs a program of this text in both modes, whose answers have to be the same. */
export function switchOf(text: string): Switch {
  const [one, other] = switchesOf(text, ["functions", "tree"]);
  if (one === undefined || other === undefined) throw new Error("there is a switch for each mode");
  return twinOf(one, other);
}

/** A switch that runs one of the repository's programs. */
export function switchOfProgram(name: string): Switch {
  const found = allPrograms.find((program) => program.name === name);
  if (found === undefined) throw new Error(`there is no program ${name}`);
  return switchOf(found.text);
}

/** What comes out when a packet goes into port 1: `port: digits`, or why it was not handled. */
export function outputs(target: Switch, digits: string): readonly string[] {
  const sent = target.send({ port: 1, data: bytesOfHex(digits.replaceAll(/\s/g, "")) });
  if (!sent.ok) return [sent.error];
  return target.drain().map(({ port, data }) => `${port}: ${hexadecimal(data)}`);
}

/** A v1model program around parts of one; headers are `h` with four bytes a to d, `s` is a stack of three bytes. */
export const v1program = (given: {
  readonly declarations?: string;
  readonly states?: string;
  readonly locals?: string;
  readonly apply?: string;
  readonly egress?: string;
}): string => `#include <core.p4>
#include <v1model.p4>
header h_t { bit<8> a; bit<8> b; bit<8> c; bit<8> d; }
header s_t { bit<8> v; }
header_union u_t { h_t one; s_t two; }
struct headers_t { h_t h; s_t[3] s; u_t u; }
struct meta_t { @field_list(1) bit<8> kept; bit<8> lost; }
${given.declarations ?? ""}
parser P(packet_in packet, out headers_t hdr, inout meta_t meta, inout standard_metadata_t std) {
  ${given.states ?? "state start { packet.extract(hdr.h); transition accept; }"}
}
control V(inout headers_t hdr, inout meta_t meta) { apply {} }
control I(inout headers_t hdr, inout meta_t meta, inout standard_metadata_t std) {
  ${given.locals ?? ""}
  apply { std.egress_spec = 2; ${given.apply ?? ""} }
}
control E(inout headers_t hdr, inout meta_t meta, inout standard_metadata_t std) {
  apply { ${given.egress ?? ""} }
}
control U(inout headers_t hdr, inout meta_t meta) { apply {} }
control D(packet_out packet, in headers_t hdr) { apply { packet.emit(hdr); } }
V1Switch(P(), V(), I(), E(), U(), D()) main;
`;
