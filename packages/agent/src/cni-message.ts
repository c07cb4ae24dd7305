/**
 * What the shim and the agent say to each other (framing: `cni/seam-cni.c`), and the CNI specification's
 * words for it: commands, error codes, results (CNI specification 1.1.0, sections 2 to 5).
 */
import { err, ok, type Result } from "@seam/base";
import type { Json } from "@seam/kube";

import { parseJson } from "./json.ts";

/** The commands of CNI 1.1.0. */
const commands = ["ADD", "DEL", "CHECK", "STATUS", "GC", "VERSION"] as const;

/** A command of the container runtime. */
export type Command = (typeof commands)[number];

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

/** Error codes of the specification (section 5, "Error"; section 2, "STATUS"); from 100 on they are Seam's. */
export const codes = {
  incompatibleVersion: 1,
  unsupportedField: 2,
  unknownContainer: 3,
  invalidEnvironment: 4,
  decodeFailure: 6,
  invalidConfig: 7,
  tryAgainLater: 11,
  notAvailable: 50,
  notAvailableAndLimited: 51,
  noAddress: 100,
  kernelRefused: 101,
} as const;

/** Versions whose results this plug-in can write, oldest first. */
export const supportedVersions = ["0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"] as const;
const NEWEST = "1.1.0";
/** What a configuration without a version meant before there were versions. */
const UNNAMED = "0.1.0";
/** Commands that the first supported version did not have yet. */
const since: { readonly [command in Command]?: string } = {
  CHECK: "0.4.0",
  STATUS: "1.1.0",
  GC: "1.1.0",
};
const HEADER = 4;
const PREFIX = "CNI_";

/** How a message begins that says that the agent's records cannot be written. */
export const MEMORY_FAULT = "the agent could not remember the change";

/** A failed answer. */
export const fail = (code: number, msg: string, details: string): CniAnswer =>
  err({ code, msg, details });

/** The body of the frame that starts at the beginning of `received`, or null while it is not whole. */
export function frameOf(received: Buffer): Buffer | null {
  if (received.length < HEADER) return null;
  const end = HEADER + received.readUInt32BE(0);
  return received.length < end ? null : received.subarray(HEADER, end);
}

/** A frame that is no request that can be carried out, and the version in which to say so. */
export type Unreadable = { readonly error: CniError; readonly version: string };

/** Reads a frame: variables, an empty one, then the network configuration. */
export function parseRequest(frame: Buffer): Result<CniRequest, Unreadable> {
  const { environment, rest } = splitFrame(frame);
  const config = parseJson(rest);
  const unreadable = (code: number, msg: string, details: string): Result<never, Unreadable> =>
    err({ error: { code, msg, details }, version: versionOf(config ?? {}) });
  const command = commands.find((each) => each === environment.get("COMMAND"));
  if (command === undefined) {
    const details = `expected one of ${commands.join(", ")}; found "${environment.get("COMMAND") ?? ""}"`;
    return unreadable(codes.invalidEnvironment, "CNI_COMMAND is not known", details);
  }
  if (command === "VERSION") return ok({ command, environment, config: config ?? {} });
  if (config === null) {
    const msg = "the network configuration is not a JSON object";
    return unreadable(codes.decodeFailure, msg, rest.slice(0, 200));
  }
  const fault = configFault(config, command);
  return fault === null
    ? ok({ command, environment, config })
    : err({ error: fault, version: versionOf(config) });
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
  return typeof version === "string" && /^[\w.+-]+$/.test(version) ? version : NEWEST;
}

/** Whether `version`, one of the supported ones, is `other` or newer. */
export const isAtLeast = (version: string, other: (typeof supportedVersions)[number]): boolean =>
  supportedVersions.findIndex((each) => each === version) >= supportedVersions.indexOf(other);

/** What container IDs and names of networks look like (sections 1 and 2). */
export const isPlainName = (text: string): boolean => /^[\da-zA-Z][\w.-]*$/.test(text);

/** `KEY=VALUE;KEY=VALUE` of CNI_ARGS. */
export function cniArguments(request: CniRequest): ReadonlyMap<string, string> {
  const text = request.environment.get("ARGS") ?? "";
  return new Map(text.split(";").flatMap((pair) => keyAndValue(pair)));
}

/** NAMESPACE/NAME of the pod that CNI_ARGS name, as Kubernetes' runtimes do; empty when they do not. */
export function podNameOf(named: ReadonlyMap<string, string>): string {
  const name = named.get("K8S_POD_NAME");
  return name === undefined ? "" : `${named.get("K8S_POD_NAMESPACE") ?? ""}/${name}`;
}

/** Name of the network; empty when it has none. */
export const networkNameOf = ({ name }: Json): string => (typeof name === "string" ? name : "");

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

/** What is wrong with the parts of a configuration that every command has. */
function configFault(config: Json, command: Command): CniError | null {
  const version = config["cniVersion"] ?? UNNAMED;
  const oldest = since[command] ?? supportedVersions[0];
  const usable = supportedVersions.filter((each) => each >= oldest);
  if (!usable.some((each) => each === version)) {
    return {
      code: codes.incompatibleVersion,
      msg: `cniVersion ${JSON.stringify(version)} cannot be used for ${command}`,
      details: `expected one of ${usable.join(", ")} in the network configuration`,
    };
  }
  const name = config["name"];
  if (typeof name === "string" && isPlainName(name)) return null;
  const details =
    "expected a letter or digit, then letters, digits, underscores, dots and hyphens, such as seam";
  return {
    code: codes.invalidConfig,
    msg: `name of the network configuration cannot be used: ${JSON.stringify(name) ?? "it is missing"}`,
    details,
  };
}
