/**
 * How each node's agent tells which rates of pods are in force there, and what went through the node's links to others: a Lease in Seam's
 * namespace (decision 24). Agents may write nothing of pods; the controller makes conditions of it.
 */
import { isJson, type Json } from "./node.ts";
import { GROUP } from "./words.ts";

/** Label of such a Lease; `rates`. */
export const RATE_REPORT_LABEL = `${GROUP}/report`;
/** Annotation: the report, as JSON. */
export const RATES_ANNOTATION = `${GROUP}/rates`;

/** The name of a node's report. */
export const rateReportName = (node: string): string => `seam-rates-${node}`;

/** Why something is not in force: a word, and a sentence with what to do. */
export type RateLack = { readonly reason: string; readonly message: string };

/** `null`: not asked for. `true`: in force. */
export type RateState = RateLack | true | null;

/** A pod's rates on its node. */
export type PodRateState = {
  /** Whether the pod is held to the rates that it names. */
  readonly limit: RateState;
  /** Whether what is reserved for it is kept free on the way to other nodes. */
  readonly guarantee: RateState;
};

/** What an agent tells. */
export type RateReport = {
  /** By the pods' uids, as members of projects may read the Leases, and names of others' pods are not theirs to know. */
  readonly pods: ReadonlyMap<string, PodRateState>;
  /** Through the node's links to other nodes, in the last minute or less: whole Mbit/s out of the node and into it. */
  readonly measured: { readonly ulMbps: number; readonly dlMbps: number } | null;
};

/** A report of nothing. */
export const NO_RATE_REPORT: RateReport = { pods: new Map(), measured: null };

/** The annotation's text; what is lacking on many pods stands in it once. */
export function formatRateReport({ pods, measured }: RateReport): string {
  const lacks = new Map<string, number>();
  const short = (state: RateState): true | null | number => {
    if (state === null || state === true) return state;
    const text = JSON.stringify([state.reason, state.message]);
    const number = lacks.get(text) ?? lacks.size;
    lacks.set(text, number);
    return number;
  };
  const all = [...pods].map(
    ([uid, { limit, guarantee }]) => [uid, [short(limit), short(guarantee)]] as const,
  );
  return JSON.stringify({
    measured,
    lacks: [...lacks.keys()].map((text): unknown => JSON.parse(text)),
    pods: Object.fromEntries(all),
  });
}

/** What an annotation says; what cannot be read says nothing. */
export function readRateReport(text: string): RateReport {
  const value = parsed(text);
  if (!isJson(value)) return NO_RATE_REPORT;
  const lacks = Array.isArray(value["lacks"]) ? value["lacks"].map(lackOf) : [];
  const long = (state: unknown): RateState => {
    if (state === true) return true;
    return typeof state === "number" ? (lacks[state] ?? null) : null;
  };
  const pods = isJson(value["pods"]) ? Object.entries(value["pods"]) : [];
  return {
    measured: measuredIn(value["measured"]),
    pods: new Map(
      pods.flatMap(([uid, state]) => {
        if (!Array.isArray(state)) return [];
        return [[uid, { limit: long(state[0]), guarantee: long(state[1]) }] as const];
      }),
    ),
  };
}

function lackOf(value: unknown): RateLack | null {
  if (!Array.isArray(value)) return null;
  const [reason, message] = value;
  return typeof reason === "string" && typeof message === "string" ? { reason, message } : null;
}

function measuredIn(value: unknown): RateReport["measured"] {
  const { ulMbps, dlMbps }: Json = isJson(value) ? value : {};
  return typeof ulMbps === "number" && typeof dlMbps === "number" ? { ulMbps, dlMbps } : null;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
