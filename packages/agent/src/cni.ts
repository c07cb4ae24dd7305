/**
 * The CNI commands (specification 1.1.0, section 2). A record is written before its interface is made and
 * removed after it is gone, so that after a crash at any line either the runtime's DEL or the next start of
 * the agent finds everything that has to be cleaned.
 */
import { type Bytes, type Cidr, err, formatAddress, ok, type Result } from "@seam/base";
import {
  createPodInterface,
  deletePodInterface,
  hostDeviceName,
  type KernelError,
  type PodInterface,
  podMacAddress,
} from "@seam/kernel";

import { chooseAddresses, type Choice } from "./addresses.ts";
import {
  cniArguments,
  type CniAnswer,
  type CniError,
  type CniRequest,
  codes,
  fail,
  isJson,
  type Json,
  listAt,
  required,
  supportedVersions,
  versionOf,
} from "./cni-message.ts";
import { podInterfaceFaults } from "./pod-check.ts";
import { wishesOf } from "./wishes.ts";
import type { Attachment, Store } from "./store.ts";

/** What the commands work on. */
export type CniNode = {
  readonly store: Store;
  /** The node's pod prefixes; empty while they are not known. */
  readonly podCidrs: () => readonly Cidr[];
  /** MTU of the node's uplink, which pods take over. */
  readonly mtu: () => Bytes;
  /** Told after an interface came or went. */
  readonly changed: () => void;
};

const gateways = { ipv4: "169.254.1.1", ipv6: "fe80::1" };

/** Carries out one command; synchronous, so that no two commands ever meet (what is slow, `cni-queue.ts` does before). */
export function handleCni(node: CniNode, request: CniRequest): CniAnswer {
  switch (request.command) {
    case "ADD":
      return add(node, request);
    case "DEL":
      return remove(node, request);
    case "CHECK":
      return check(node, request);
    case "STATUS":
      return status(node);
    case "GC":
      return collect(node, request);
    case "VERSION":
      return ok({ cniVersion: versionOf({}), supportedVersions });
  }
}

/** The interface that a command is about. */
export type Target = {
  readonly containerId: string;
  readonly ifName: string;
  readonly netns: string;
  readonly device: string;
};

/** Reads the variables that say which interface a command is about. */
export function targetOf(request: CniRequest): Result<Target, CniError> {
  const containerId = required(request, "CONTAINERID");
  if (!containerId.ok) return containerId;
  const ifName = required(request, "IFNAME");
  if (!ifName.ok) return ifName;
  const netns = request.environment.get("NETNS") ?? "";
  if (netns === "" && request.command !== "DEL") {
    const details = "expected the path of the pod's network namespace";
    return err({ code: codes.invalidEnvironment, msg: "CNI_NETNS is not set", details });
  }
  const device = hostDeviceName(containerId.value, ifName.value);
  return ok({ containerId: containerId.value, ifName: ifName.value, netns, device });
}

function add(node: CniNode, request: CniRequest): CniAnswer {
  const target = targetOf(request);
  if (!target.ok) return target;
  const wishes = wishesOf(request.config);
  if (!wishes.ok) return wishes;
  const ready = status(node);
  if (!ready.ok) return fail(codes.tryAgainLater, ready.error.msg, ready.error.details);
  // A record of the same name is left from a call whose answer was lost: begin anew.
  const cleared = removeDevice(node, target.value.device);
  if (!cleared.ok) return kernelFailure(cleared.error);
  const attachments = node.store.attachments();
  const used = new Set(attachments.flatMap(({ addresses }) => addresses.map(formatAddress)));
  const chosen = chooseAddresses(node.podCidrs(), {
    used,
    cursorOf: node.store.cursor,
    requested: wishes.value.addresses,
  });
  if (!chosen.ok) {
    return fail(
      codes.noAddress,
      chosen.error,
      "delete pods of this node, or give it larger podCIDRs",
    );
  }
  const named = attachmentOf(target.value, request, chosen.value);
  const { mac = named.mac, hostPorts } = wishes.value;
  const attachment = { ...named, mac, hostPorts };
  node.store.put(attachment, new Map(chosen.value.map(({ prefix, offset }) => [prefix, offset])));
  const made = createPodInterface({
    podNetns: target.value.netns,
    hostDevice: target.value.device,
    podDevice: target.value.ifName,
    addresses: attachment.addresses,
    mtu: node.mtu(),
    podMac: mac,
  });
  if (!made.ok) {
    node.store.remove(target.value.device);
    return kernelFailure(made.error);
  }
  node.changed();
  return ok(resultOf(request.config, target.value, made.value));
}

function attachmentOf(
  target: Target,
  request: CniRequest,
  choices: readonly Choice[],
): Omit<Attachment, "hostPorts"> {
  const named = cniArguments(request);
  const name = named.get("K8S_POD_NAME");
  return {
    ...target,
    pod: name === undefined ? "" : `${named.get("K8S_POD_NAMESPACE") ?? ""}/${name}`,
    mac: podMacAddress(target.device),
    addresses: choices.map(({ address }) => address),
  };
}

/**
 * The specification's result (section 5, "Success"), after what earlier plug-ins of the chain made; prefixes
 * are /32 and /128: all else is routed.
 */
function resultOf(config: Json, target: Target, made: PodInterface): Json {
  const previous = config["prevResult"];
  const before = (key: string): readonly unknown[] => listAt(previous, key);
  const families = new Set(made.addresses.map(({ family }) => family));
  const sandbox = before("interfaces").length + 1;
  return {
    ...(isJson(previous) ? previous : { dns: {} }),
    cniVersion: versionOf(config),
    interfaces: [
      ...before("interfaces"),
      { name: made.hostDevice, mac: made.hostMac },
      { name: target.ifName, mac: made.podMac, sandbox: target.netns },
    ],
    ips: [
      ...before("ips"),
      ...made.addresses.map((address) => ({
        address: `${formatAddress(address)}/${address.family === "ipv4" ? 32 : 128}`,
        gateway: gateways[address.family],
        interface: sandbox,
      })),
    ],
    routes: [
      ...before("routes"),
      ...[...families].map((family) => ({
        dst: family === "ipv4" ? "0.0.0.0/0" : "::/0",
        gw: gateways[family],
      })),
    ],
  };
}

/** DEL succeeds when the interface is gone, also when it never was. */
function remove(node: CniNode, request: CniRequest): CniAnswer {
  const target = targetOf(request);
  if (!target.ok) return target;
  const removed = removeDevice(node, target.value.device);
  if (!removed.ok) return kernelFailure(removed.error);
  node.changed();
  return ok(null);
}

function removeDevice(node: CniNode, device: string): Result<null, KernelError> {
  const deleted = deletePodInterface(device);
  if (deleted.ok) node.store.remove(device);
  return deleted;
}

function check(node: CniNode, request: CniRequest): CniAnswer {
  const target = targetOf(request);
  if (!target.ok) return target;
  const attachment = node.store.attachment(target.value.device);
  if (attachment === null) {
    const details = "the pod must be made anew: it has no interface of Seam on this node";
    return fail(
      codes.unknownContainer,
      `container ${target.value.containerId} is unknown`,
      details,
    );
  }
  const faults = podInterfaceFaults(
    attachment,
    target.value.netns,
    expectedAddresses(request.config),
  );
  if (!faults.ok) return kernelFailure(faults.error);
  return faults.value.length === 0
    ? ok(null)
    : fail(
        codes.kernelRefused,
        "the pod's interface is not as it was made",
        faults.value.join("; "),
      );
}

/** Addresses that the runtime remembers from ADD. */
function expectedAddresses(config: Json): readonly string[] {
  return listAt(config["prevResult"], "ips").flatMap((entry) =>
    isJson(entry) && typeof entry["address"] === "string"
      ? (entry["address"].split("/")[0] ?? [])
      : [],
  );
}

function status(node: CniNode): CniAnswer {
  if (node.podCidrs().length > 0) return ok(null);
  const details =
    "spec.podCIDRs of the Node is empty or not read yet; does the controller manager allocate node CIDRs?";
  return fail(codes.notAvailable, "this node has no pod prefixes", details);
}

/** Removes what belongs to none of the runtime's containers; records without a container are kept. */
function collect(node: CniNode, request: CniRequest): CniAnswer {
  const stale = staleDevices(node, request);
  if (!stale.ok) return stale;
  for (const device of stale.value) {
    const removed = removeDevice(node, device);
    if (!removed.ok) return kernelFailure(removed.error);
  }
  node.changed();
  return ok(null);
}

/** What GC removes. */
export function staleDevices(
  node: CniNode,
  request: CniRequest,
): Result<readonly string[], CniError> {
  const listed = request.config["cni.dev/valid-attachments"];
  if (!Array.isArray(listed)) {
    const details = "expected a list of {containerID, ifname}";
    return err({
      code: codes.invalidConfig,
      msg: "cni.dev/valid-attachments is missing",
      details,
    });
  }
  const entries: readonly unknown[] = listed;
  const valid = new Set(
    entries
      .filter(isJson)
      .map((entry) => hostDeviceName(String(entry["containerID"]), String(entry["ifname"]))),
  );
  return ok(
    node.store
      .attachments()
      .filter(({ device, containerId }) => containerId !== "" && !valid.has(device))
      .map(({ device }) => device),
  );
}

function kernelFailure({ errno, message }: KernelError): CniAnswer {
  return errno === "ENOENT"
    ? fail(codes.invalidEnvironment, "the pod's network namespace does not exist", message)
    : fail(codes.kernelRefused, "the kernel refused", message);
}
