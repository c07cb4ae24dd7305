/** The architectures' include files: what `#include <core.p4>` and its like find. Each folder is one architecture. */
import { core } from "./core/include.ts";
import { ebpfModel } from "./ebpf/include.ts";
import { pna, pnaDpdk } from "./pna/include.ts";
import { pnaTc } from "./pna/tc.ts";
import { psa, psaBmv2, psaDpdk } from "./psa/include.ts";
import { tna } from "./tna/include.ts";
import { ubpfModel } from "./ubpf/include.ts";
import { v1model } from "./v1model/include.ts";
import { xdpModel } from "./xdp/include.ts";

/** Texts by the names that programs include them by. */
export const includedFiles: ReadonlyMap<string, string> = new Map([
  ["core.p4", core],
  ["v1model.p4", v1model],
  ["psa.p4", psa],
  ["bmv2/psa.p4", psaBmv2],
  ["dpdk/psa.p4", psaDpdk],
  ["pna.p4", pna],
  ["dpdk/pna.p4", pnaDpdk],
  ["tc/pna.p4", pnaTc],
  ["ebpf_model.p4", ebpfModel],
  ["ubpf_model.p4", ubpfModel],
  ["xdp_model.p4", xdpModel],
  ["tna.p4", tna],
]);
