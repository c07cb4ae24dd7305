/** Programs in the simulator, for tests. */
import path from "node:path";
import { readdirSync, readFileSync } from "node:fs";
import { renderDiagnostic } from "../source/diagnostic.ts";
import { bytesOfHex, hexadecimal } from "../stf/packets.ts";
import type { Switch } from "../stf/switch.ts";
import { simulateFile } from "./load.ts";
import type { SimulateOptions } from "./simulate.ts";
import { twinOf } from "./twin.fixture.ts";

const root = path.join(import.meta.dirname, "../..");

const textOf = (name: string): string => readFileSync(path.join(root, name), "utf8");

/** The package's programs that have a test, with it. */
export const testedPrograms: readonly { readonly name: string; readonly stf: string }[] =
  readdirSync(path.join(root, "stf")).map((name) => ({
    name: name.replace(/stf$/, "p4"),
    stf: textOf(`stf/${name}`),
  }));

/** A switch that runs a program of this text in one of the simulator's modes. */
export function switchIn(mode: SimulateOptions["mode"], text: string): Switch {
  const made = simulateFile("program.p4", {
    sources: { read: (name) => (name === "program.p4" ? text : undefined) },
    ...(mode !== undefined && { mode }),
  });
  if (made.ok) return made.value;
  const { error } = made;
  throw new Error(
    error.kind === "rejected" ? error.diagnostics.map(renderDiagnostic).join("\n") : error.message,
  );
}

/** A switch that runs a program of this text, in both modes. */
export const switchOf = (text: string): Switch =>
  twinOf(switchIn("functions", text), switchIn("tree", text));

/** A switch that runs one of the package's programs. */
export const switchOfProgram = (name: string): Switch => switchOf(textOf(`programs/${name}`));

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
