/**
 * What the shim and the agent say to each other (framing: `cni/seam-cni.c`), and the CNI specification's
 * words for it: commands, error codes, results (CNI specification 1.1.0, sections 2 to 5).
 */
import { err, ok, type Result } from "@seam/base";

/** The commands of CNI 1.1.0. */
const commands = ["ADD", "DEL", "CHECK", "STATUS", "GC", "VERSION"] as const;

/** A command of the container runtime. */
export type Command = (typeof commands)[number];

/** A JSON object. */
export type Json = { readonly [key: string]: unknown };

/** One call of the plug-in. */
export type CniRequest = {
  readonly command: Command;
  /** The CNI_* variables, without that prefix. */
  readonly environment: ReadonlyMap<string, string>;
  /** The network configuration; empty for VERSION. */
  readonly config: Json;
};

/** An answer in the specification's error form; `code` is of section 5 or 100 and more. */
export type CniError = { readonly code: number; readonly msg: string; readonly details: string };

/** What a call ends with: a JSON document, or null for nothing at all. */
export type CniAnswer = Result<Json | null, CniError>;

/** Error codes of the specification (section 5, "Error"). */
export const codes = {
  incompatibleVersion: 1,
  unknownContainer: 3,
  invalidEnvironment: 4,
  decodeFailure: 6,
  invalidConfig: 7,
  tryAgainLater: 11,
  notAvailable: 50,
  noAddress: 100,
  kernelRefused: 101,
} as const;

/** Versions whose results this plug-in can write. */
export const supportedVersions = ["1.0.0", "1.1.0"] as const;
const NEWEST = "1.1.0";
const HEADER = 4;
const PREFIX = "CNI_";

/** A failed answer. */
export const fail = (code: number, msg: string, details: string): CniAnswer =>
  err({ code, msg, details });

/** The body of the frame that starts at the beginning of `received`, or null while it is not whole. */
export function frameOf(received: Buffer): Buffer | null {
  if (received.length < HEADER) return null;
  const end = HEADER + received.readUInt32BE(0);
  return received.length < end ? null : received.subarray(HEADER, end);
}

/** Reads a frame: variables, an empty one, then the network configuration. */
export function parseRequest(frame: Buffer): Result<CniRequest, CniError> {
  const { environment, rest } = splitFrame(frame);
  const command = commands.find((each) => each === environment.get("COMMAND"));
  if (command === undefined) {
    const details = `expected one of ${commands.join(", ")}; found "${environment.get("COMMAND") ?? ""}"`;
    return err({ code: codes.invalidEnvironment, msg: "CNI_COMMAND is not known", details });
  }
  const config = parseConfig(rest, command);
  return config.ok ? ok({ command, environment, config: config.value }) : config;
}

/** The frame that carries an answer back: exit code, length, document. */
export function encodeAnswer(answer: CniAnswer, version: string): Buffer {
  const document = answer.ok ? answer.value : { cniVersion: version, ...answer.error };
  const body = Buffer.from(document === null ? "" : JSON.stringify(document));
  const header = Buffer.alloc(8);
  header.writeUInt32BE(answer.ok ? 0 : 1, 0);
  header.writeUInt32BE(body.length, 4);
  return Buffer.concat([header, body]);
}

/** The version that an answer to `config` is written in. */
export function versionOf(config: Json): string {
  const version = config["cniVersion"];
  return typeof version === "string" ? version : NEWEST;
}

/** The variable, or the error that it is missing. */
export function required(request: CniRequest, name: string): Result<string, CniError> {
  const value = request.environment.get(name);
  if (value !== undefined && value !== "") return ok(value);
  const details = `the container runtime must set it for ${request.command}`;
  return err({ code: codes.invalidEnvironment, msg: `${PREFIX}${name} is not set`, details });
}

/** `KEY=VALUE;KEY=VALUE` of CNI_ARGS. */
export function cniArguments(request: CniRequest): ReadonlyMap<string, string> {
  const text = request.environment.get("ARGS") ?? "";
  return new Map(text.split(";").flatMap((pair) => keyAndValue(pair)));
}

/** Whether `value` is a JSON object. */
export const isJson = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The list under `key` of a JSON object, or an empty one. */
export function listAt(value: unknown, key: string): readonly unknown[] {
  const found = isJson(value) ? value[key] : undefined;
  return Array.isArray(found) ? found : [];
}

function splitFrame(frame: Buffer): { environment: ReadonlyMap<string, string>; rest: string } {
  const environment = new Map<string, string>();
  let start = 0;
  for (;;) {
    const end = frame.indexOf(0, start);
    if (end <= start)
      return { environment, rest: frame.toString("utf8", end < 0 ? start : end + 1) };
    const [pair] = keyAndValue(frame.toString("utf8", start, end));
    if (pair !== undefined) environment.set(pair[0].slice(PREFIX.length), pair[1]);
    start = end + 1;
  }
}

function keyAndValue(text: string): readonly (readonly [string, string])[] {
  const at = text.indexOf("=");
  return at < 0 ? [] : [[text.slice(0, at), text.slice(at + 1)]];
}

function parseConfig(text: string, command: Command): Result<Json, CniError> {
  const config = decode(text);
  if (config === null) {
    if (command === "VERSION") return ok({});
    const msg = "the network configuration is not a JSON object";
    return err({ code: codes.decodeFailure, msg, details: text.slice(0, 200) });
  }
  const version = versionOf(config);
  if (command === "VERSION" || supportedVersions.some((each) => each === version))
    return ok(config);
  return err({
    code: codes.incompatibleVersion,
    msg: `cniVersion "${version}" is not supported`,
    details: `expected one of ${supportedVersions.join(", ")} in the network configuration`,
  });
}

function decode(text: string): Json | null {
  try {
    const value: unknown = JSON.parse(text);
    return isJson(value) ? value : null;
  } catch {
    return null;
  }
}
