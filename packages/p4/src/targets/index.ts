/** Targets that are known, a file each; `docs/guide/p4.md` says how to write another. */
import { err, type Result } from "@seam/base";
import { type Profile, profileOf } from "../fit/profile.ts";
import alveoU55c from "./alveo-u55c.json" with { type: "json" };
import bluefield2 from "./bluefield-2.json" with { type: "json" };
import bmv2SimpleSwitch from "./bmv2-simple-switch.json" with { type: "json" };
import dpdkPsa from "./dpdk-psa.json" with { type: "json" };
import dpdkSoftNic from "./dpdk-soft-nic.json" with { type: "json" };
import ebpf from "./ebpf.json" with { type: "json" };
import seamSimulator from "./seam-simulator.json" with { type: "json" };
import tofino1 from "./tofino1.json" with { type: "json" };
import tofino2 from "./tofino2.json" with { type: "json" };
import ubpf from "./ubpf.json" with { type: "json" };
import xdp from "./xdp.json" with { type: "json" };

/** Each is read as a file from outside is, so that a wrong one is told. */
const files: readonly { readonly name: string; readonly aliases: readonly string[] }[] = [
  alveoU55c,
  bluefield2,
  bmv2SimpleSwitch,
  dpdkPsa,
  dpdkSoftNic,
  ebpf,
  seamSimulator,
  tofino1,
  tofino2,
  ubpf,
  xdp,
];

/** Names of all targets. */
export const targetNames: readonly string[] = files.map(({ name }) => name);

/** The target of a name, or of one of its other names; an error names those that there are. */
export function targetNamed(wanted: string): Result<Profile, readonly string[]> {
  const file = files.find(({ name, aliases }) => name === wanted || aliases.includes(wanted));
  if (file !== undefined) return profileOf(file);
  return err([
    `there is no target ${wanted}; there are ${targetNames.join(", ")}, and files in JSON`,
  ]);
}
