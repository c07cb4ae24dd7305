/**
 * The models of p4c's eBPF and uBPF back ends and of XDP. A packet that the parser rejects is dropped. The filter of eBPF passes packets
 * as they are; the others deparse them. What passes leaves by the port that it came in by, unless it is redirected.
 */
import { ok, type Result } from "@seam/base";
import type { Packet, Switch } from "../../stf/switch.ts";
import {
  argumentOf,
  fieldsOf,
  packageBlocks,
  parameterType,
  receive,
  structWith,
  payloadOf,
  runControl,
  runDeparser,
  runParser,
} from "../blocks.ts";
import type { Machine } from "../machine.ts";
import { type Given, handled, type Made, switchOf } from "../switch.ts";
import { initial, nameOf, parts } from "../value.ts";
import { filterExterns, type Verdict } from "./externs.ts";

const cut = (data: Uint8Array, { truncateBytes }: Verdict): Uint8Array =>
  data.subarray(0, truncateBytes ?? data.length);

function begin(machine: Machine, verdict: Verdict, { data }: Packet): void {
  receive(machine, data);
  verdict.isDropped = false;
  verdict.truncateBytes = undefined;
}

/** `ebpfFilter(prs, filt)`: the filter says whether the packet passes. */
export function ebpfFilter(given: Given, machine: Machine): Result<Switch, string> {
  const verdict: Verdict = { isDropped: false };
  return switchOf(given, machine, {
    externs: filterExterns(verdict),
    build: (prepared): Result<Made, string> => {
      const blocks = packageBlocks(given.tree.main, ["prs", "filt"], prepared);
      if (!blocks.ok) return blocks;
      const { prs, filt } = blocks.value;
      return ok((packet, out) => {
        begin(machine, verdict, packet);
        const headers = initial(parameterType(prs, 1));
        if (!runParser(prs, [0, headers], machine)) return handled;
        runControl(filt, [argumentOf(prs, 1), false], machine);
        if (argumentOf(filt, 1) === true) out.push(packet);
        return handled;
      });
    },
  });
}

/** `ubpf(prs, p, dprs)`, of both versions of the model. */
export function ubpf(given: Given, machine: Machine): Result<Switch, string> {
  const verdict: Verdict = { isDropped: false };
  return switchOf(given, machine, {
    externs: filterExterns(verdict),
    build: (prepared): Result<Made, string> => {
      const blocks = packageBlocks(given.tree.main, ["prs", "p", "dprs"], prepared);
      if (!blocks.ok) return blocks;
      const { prs, p, dprs } = blocks.value;
      const hasStandard = prs.cells.length > 3;
      const standardType = hasStandard ? parameterType(prs, 3) : parameterType(prs, 2);
      const fields = fieldsOf(standardType);
      return ok((packet, out) => {
        begin(machine, verdict, packet);
        const standard = structWith(standardType, {
          input_port: packet.port,
          packet_length: packet.data.length,
          output_action: "PASS",
        });
        const values = [initial(parameterType(prs, 1)), initial(parameterType(prs, 2)), standard];
        if (!runParser(prs, [0, ...values], machine)) return handled;
        const payload = payloadOf(machine);
        const parsed = values.map((_, index) => prs.cells[index + 1]?.value ?? 0);
        runControl(p, parsed, machine);
        const whole = runDeparser(dprs, { values: [0, argumentOf(p, 0)], payload }, machine);
        const after = hasStandard ? parts(argumentOf(p, 2)) : standard;
        const action = nameOf(fields.get(after, "output_action"));
        if (verdict.isDropped || action === "DROP" || action === "ABORT") return handled;
        const port = action === "REDIRECT" ? Number(fields.get(after, "output_port")) : packet.port;
        out.push({ port, data: cut(whole, verdict) });
        return handled;
      });
    },
  });
}

/** `xdp(p, s, d)`. */
export function xdp(given: Given, machine: Machine): Result<Switch, string> {
  const verdict: Verdict = { isDropped: false };
  return switchOf(given, machine, {
    externs: filterExterns(verdict),
    build: (prepared): Result<Made, string> => {
      const blocks = packageBlocks(given.tree.main, ["p", "s", "d"], prepared);
      if (!blocks.ok) return blocks;
      const { p, s, d } = blocks.value;
      const [inType, outType] = [parameterType(s, 1), parameterType(s, 2)];
      const outFields = fieldsOf(outType);
      return ok((packet, out) => {
        begin(machine, verdict, packet);
        const input = structWith(inType, { input_port: packet.port });
        if (!runParser(p, [0, initial(parameterType(p, 1))], machine)) return handled;
        const payload = payloadOf(machine);
        runControl(s, [argumentOf(p, 1), input, initial(outType)], machine);
        const data = runDeparser(d, { values: [argumentOf(s, 0), 0], payload }, machine);
        const decided = parts(argumentOf(s, 2));
        const action = nameOf(outFields.get(decided, "output_action"));
        if (action === "XDP_PASS" || action === "XDP_TX") out.push({ port: packet.port, data });
        if (action === "XDP_REDIRECT") {
          out.push({ port: Number(outFields.get(decided, "output_port")), data });
        }
        return handled;
      });
    },
  });
}
