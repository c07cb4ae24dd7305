/** The architectures' include files: each is a program that is read without a word, alone and with others. */
import { expect, test } from "vitest";
import { analysedText, soundProgram } from "../testing.fixture.ts";
import { includedFiles } from "./index.ts";

const namesOf = (text: string): readonly string[] =>
  soundProgram(text).declarations.flatMap((each) => ("name" in each ? [each.name.text] : []));

test.each([...includedFiles.keys()])("I9: %s is read, also twice", (name) => {
  expect(namesOf(`#include <${name}>\n#include "${name}"\n`).length).toBeGreaterThan(4);
});

test.each([...includedFiles.keys()])("I9: %s keeps the rules that need no types", (name) => {
  expect(analysedText(`#include <${name}>\n`).diagnostics).toEqual([]);
});

test.each([
  [
    "v1model.p4",
    ["V1Switch", "standard_metadata_t", "mark_to_drop", "clone_preserving_field_list"],
  ],
  ["psa.p4", ["PSA_Switch", "IngressPipeline", "send_to_port", "psa_PortId_header_to_int"]],
  ["bmv2/psa.p4", ["PSA_Switch", "PortIdInHeader_t"]],
  ["dpdk/psa.p4", ["PSA_Switch", "DirectMeter"]],
  ["pna.p4", ["PNA_NIC", "add_entry", "PassNumber_t", "PreControlT"]],
  ["dpdk/pna.p4", ["PNA_NIC", "ipsec_accelerator"]],
  ["tc/pna.p4", ["PNA_NIC", "tc_skb_metadata", "add_entry_if"]],
  ["ebpf_model.p4", ["ebpfFilter", "array_table", "hash_table", "CounterArray"]],
  ["ubpf_model.p4", ["ubpf", "standard_metadata", "csum_replace2"]],
  ["xdp_model.p4", ["xdp", "xdp_output", "ebpfFilter"]],
  ["tna.p4", ["Switch", "Pipeline", "RegisterAction", "ingress_intrinsic_metadata_for_tm_t"]],
])("I9: %s declares what programs use", (name, expected) => {
  const names = namesOf(`#include <${name}>\n`);
  expect(names).toEqual(expect.arrayContaining([...expected, "packet_in", "NoAction", "verify"]));
});

test.each([
  ["20180101", false],
  ["20200408", true],
])("I9: v1model of version %s", (version, hasPortId) => {
  const text = `#define V1MODEL_VERSION ${version}\n#include <v1model.p4>\n`;
  const names = namesOf(text);
  expect(names.includes("PortId_t")).toBe(hasPortId);
  const register = soundProgram(text).declarations.find(
    (each) => each.kind === "extern" && each.name.text === "register",
  );
  const parameters = register?.kind === "extern" ? register.typeParameters : [];
  expect(parameters.map(({ text: name }) => name)).toEqual(hasPortId ? ["T", "I"] : ["T"]);
});

test.each([
  ["20200304", false],
  ["20200515", true],
])("I9: the uBPF model of version %s", (version, hasMetadata) => {
  const names = namesOf(`#define UBPF_MODEL_VERSION ${version}\n#include <ubpf_model.p4>\n`);
  expect(names.includes("standard_metadata")).toBe(hasMetadata);
});
