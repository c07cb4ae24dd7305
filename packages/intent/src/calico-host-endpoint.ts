/**
 * Calico's HostEndpoints (projectcalico.org/v3, HostEndpoint; decision 22): an interface of a node, or all of them, with labels by which
 * policies of the cluster are about it. What cannot be read is left out; an endpoint of which it is not clear which interface it is for is
 * none.
 */
import { type Address, err, ok, parseAddress, type Result } from "@seam/base";

import {
  collect,
  fieldsOf,
  labelsOf,
  listAt,
  type Record as Fields,
  specOf,
} from "./policy-fields.ts";
import type { PolicyPod } from "./policy-pod.ts";
import type { Labels } from "./policy-selector.ts";

/** An interface of a node, or all of them. */
export type HostEndpoint = {
  readonly labels: Labels;
  readonly node: string;
  /** `*`: each that no other endpoint is for. Null: those that have one of the addresses. */
  readonly interface: string | null;
  readonly expectedIPs: readonly Address[];
  /** Whether what no policy decides about passes. */
  readonly isOpen: boolean;
  readonly ports: PolicyPod["ports"];
};

/** An endpoint, null when it is for no interface; and what of it was not understood, by field. */
export type HostEndpointReading = {
  readonly endpoint: HostEndpoint | null;
  readonly faults: readonly string[];
};

const SPEC = ["node", "interfaceName", "expectedIPs", "profiles", "ports"];
const PORT = ["name", "protocol", "port"];
const PROTOCOLS = ["TCP", "UDP", "SCTP"] as const;
/** The one profile that Calico always has. */
const OPEN_PROFILE = "projectcalico-default-allow";
/** Of names of interfaces (Linux, IFNAMSIZ). */
const LONGEST_NAME = 15;

/** Reads a HostEndpoint. */
export function readHostEndpoint(object: unknown): HostEndpointReading {
  const spec = specOf(object);
  const { faults, given } = collect();
  given<Fields>(fieldsOf(spec, "spec", SPEC), {});
  const each = <T>(
    key: string,
    read: (value: unknown, path: string) => Result<T, string>,
  ): readonly T[] =>
    given(listAt(spec, key, "spec"), []).flatMap((value, at) =>
      given<readonly T[]>(listOf(read(value, `spec.${key}[${at}]`)), []),
    );
  const expectedIPs = each("expectedIPs", readAddress);
  const place = given<Place | null>(readPlace(spec, expectedIPs), null);
  const isOpen = each("profiles", readProfile).length > 0;
  const ports = each("ports", readPort);
  if (place === null) return { endpoint: null, faults };
  const labels = labelsOf(object);
  return { endpoint: { ...place, labels, expectedIPs, isOpen, ports }, faults };
}

const listOf = <T>(read: Result<T, string>): Result<readonly T[], string> =>
  read.ok ? ok([read.value]) : read;

type Place = Pick<HostEndpoint, "node" | "interface">;

function readPlace(spec: Fields, expectedIPs: readonly Address[]): Result<Place, string> {
  const { node, interfaceName = "" } = spec;
  if (typeof node !== "string" || node === "") return err("spec.node: expected the name of a node");
  if (typeof interfaceName !== "string" || interfaceName.length > LONGEST_NAME)
    return err(
      `spec.interfaceName: expected the name of an interface of at most ${LONGEST_NAME} characters, or *`,
    );
  if (interfaceName !== "") return ok({ node, interface: interfaceName });
  return expectedIPs.length > 0
    ? ok({ node, interface: null })
    : err("spec: expected interfaceName, or expectedIPs");
}

function readAddress(value: unknown, path: string): Result<Address, string> {
  const address = parseAddress(String(value));
  return address.ok ? address : err(`${path}: ${address.error}`);
}

const readProfile = (value: unknown, path: string): Result<null, string> =>
  value === OPEN_PROFILE ? ok(null) : err(`${path}: expected ${OPEN_PROFILE}, or no profile`);

function readPort(value: unknown, path: string): Result<HostEndpoint["ports"][number], string> {
  const fields = fieldsOf(value, path, PORT);
  if (!fields.ok) return fields;
  const { name, port } = fields.value;
  const wanted = String(fields.value["protocol"]).toUpperCase();
  const protocol = PROTOCOLS.find((each) => each === wanted);
  return typeof name === "string" && typeof port === "number" && protocol !== undefined
    ? ok({ name, protocol, port })
    : err(`${path}: expected a name, a number, and protocol TCP, UDP or SCTP`);
}
