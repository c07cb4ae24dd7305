/** What happens to a packet, step by step: as data, and as text for people who ask why it was dropped. */
import type { Statement } from "../ir/statement.ts";
import { placeOf } from "../source/file.ts";
import { hexadecimal } from "../stf/packets.ts";
import type { Compiler, Step, TraceEvent } from "./machine.ts";
import { isFixed } from "./places.ts";
import type { Value } from "./value.ts";

/** A value in few words: numbers in hexadecimal, headers with their fields, invalid ones as such. */
function shown(value: Value): string {
  if (typeof value === "number" || typeof value === "bigint") {
    return value < 0 ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
  }
  if (typeof value !== "object") return String(value);
  if (value.kind === "varbit") return `0x${value.value.toString(16)} (${value.bits} bits)`;
  return `{${value.parts.map(shown).join(", ")}}`;
}

/** Longer statements are cut. */
const LONGEST = 120;

/** The text of a statement as the file has it, in one line without its semicolon. */
function textOf({ span }: Statement): string {
  const whole = span.file.text.slice(span.start, span.end);
  const text = whole.replaceAll(/\s+/g, " ").replace(/ ?;$/, "");
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

/** A statement that tells what it did: assignments their value, calls that they are made. */
export function traced(statement: Statement, step: Step, compiler: Compiler): Step {
  const { machine } = compiler;
  const { span } = statement;
  const event = {
    kind: "statement",
    file: span.file.name,
    line: placeOf(span.file, span.start).line,
    text: textOf(statement),
  } as const;
  if (statement.kind !== "call statement" && statement.kind !== "assignment") return step;
  if (statement.kind === "call statement" || !isFixed(statement.target)) {
    return () => {
      machine.trace?.(event);
      return step();
    };
  }
  const get = compiler.expression(statement.target);
  return () => {
    const flow = step();
    machine.trace?.({ ...event, value: shown(get()) });
    return flow;
  };
}

const packetText = (data: Uint8Array): string => `${hexadecimal(data)} (${data.length} bytes)`;

/** An event as a line of text; what belongs to a packet is indented. */
export function traceText(event: TraceEvent): string {
  switch (event.kind) {
    case "in":
      return `packet into port ${event.port}: ${packetText(event.data)}`;
    case "out":
      return `  out of port ${event.port}: ${packetText(event.data)}`;
    case "dropped":
      return "  nothing comes out";
    case "parser":
      return `  parser ${event.parser}: state ${event.state}`;
    case "parser error":
      return `  parser error: ${event.error}`;
    case "block":
      return `  control ${event.block}`;
    case "table": {
      const outcome = event.isHit ? "hit" : "miss";
      const action = event.action === undefined ? "no action" : `action ${event.action}`;
      return `    table ${event.table}: key ${event.key.join(", ") || "none"}: ${outcome}, ${action}`;
    }
    case "statement": {
      const value = event.value === undefined ? "" : ` is ${event.value}`;
      return `    ${event.file}:${event.line}: ${event.text}${value}`;
    }
    case "note":
      return `    log: ${event.text}`;
  }
}
