/**
 * The CNI commands (specification 1.1.0, section 2). A record is written before its interface is made and
 * removed after it is gone, so that after a crash at any line either the runtime's DEL or the next start of
 * the agent finds everything that has to be cleaned.
 */
import {
  type Bytes,
  type Cidr,
  cidrContains,
  err,
  formatAddress,
  ok,
  parseAddress,
  type Result,
} from "@seam/base";
import {
  createPodInterface,
  deletePodInterface,
  hostMacAddress,
  type KernelError,
  podMacAddress,
} from "@seam/kernel";
import { isJson } from "@seam/kube";

import { chooseAddresses, type Choice } from "./addresses.ts";
import { collect } from "./cni-gc.ts";
import {
  cniArguments,
  type CniAnswer,
  type CniError,
  type CniRequest,
  codes,
  fail,
  MEMORY_FAULT,
  networkNameOf,
  podNameOf,
  supportedVersions,
  versionOf,
} from "./cni-message.ts";
import { type Expected, expectedOf, type Made, resultOf } from "./cni-result.ts";
import { type Target, targetOf } from "./cni-target.ts";
import { hasLink, podInterfaceFaults, wholeInterface } from "./pod-check.ts";
import { formatHostPorts } from "./port-mappings.ts";
import type { Attachment, Store } from "./store.ts";
import { type Wishes, wishesOf } from "./wishes.ts";

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

/** The node for what waits. */
export type AdmittingNode = CniNode & {
  /** Whether policies let the link speak, which is waited for. */
  readonly isAdmitted: (device: string) => Promise<boolean>;
};

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
      return ok({ cniVersion: versionOf(request.config), supportedVersions });
  }
}

function add(node: CniNode, request: CniRequest): CniAnswer {
  const target = targetOf(request);
  if (!target.ok) return target;
  const wishes = wishesOf(request.config);
  if (!wishes.ok) return wishes;
  const ready = prefixes(node);
  if (!ready.ok) return fail(codes.tryAgainLater, ready.error.msg, ready.error.details);
  const earlier = madeBefore(node, target.value, wishes.value);
  if (!earlier.ok) return earlier;
  const made =
    earlier.value === null
      ? makeInterface(node, request, { target: target.value, wishes: wishes.value })
      : ok(earlier.value);
  return made.ok ? ok(resultOf(request.config, target.value, made.value)) : made;
}

type Order = { readonly target: Target; readonly wishes: Wishes };

function makeInterface(
  node: CniNode,
  request: CniRequest,
  { target, wishes }: Order,
): Result<Made, CniError> {
  const chosen = choose(node, wishes.addresses);
  if (!chosen.ok) {
    const details = "delete pods of this node, or give it larger podCIDRs";
    return err({ code: codes.noAddress, msg: chosen.error, details });
  }
  const named = attachmentOf(target, request, chosen.value);
  const { mac = named.mac, hostPorts } = wishes;
  const attachment = { ...named, mac, hostPorts };
  const cursors = new Map(chosen.value.map(({ prefix, offset }) => [prefix, offset]));
  const kept = node.store.put(attachment, cursors);
  if (!kept.ok) return cannotRemember(kept.error);
  const mtu = node.mtu();
  const made = createPodInterface({
    podNetns: target.netns,
    hostDevice: target.device,
    podDevice: target.ifName,
    addresses: attachment.addresses,
    mtu,
    podMac: mac,
  });
  if (!made.ok) {
    node.store.remove(target.device);
    return hasLink(target.netns, target.ifName) ? nameTaken(target) : kernelFailure(made.error);
  }
  node.changed();
  return ok({ ...made.value, mtu });
}

/**
 * What an earlier ADD for this interface made: its answer may have been lost. One that an agent that was killed left half
 * made is cleared, and so is null.
 */
function madeBefore(node: CniNode, target: Target, wishes: Wishes): Result<Made | null, CniError> {
  const left = node.store.attachment(target.device);
  if (left !== null) {
    const link = wholeInterface({ ...left, ifName: target.ifName }, target.netns);
    if (!link.ok) return kernelFailure(link.error);
    if (link.value !== null) {
      if (!isAsWished(left, wishes)) return nameTaken(target);
      const { device: hostDevice, mac: podMac, addresses } = left;
      const { mtu } = link.value;
      return ok({ hostDevice, hostMac: hostMacAddress(hostDevice), podMac, addresses, mtu });
    }
  }
  const removed = removeDevice(node, target.device);
  return removed.ok ? ok(null) : kernelFailure(removed.error);
}

/** Whether the same was asked for: what nobody asked for may be anything. */
function isAsWished(left: Attachment, { addresses, mac, hostPorts }: Wishes): boolean {
  const given = new Set(left.addresses.map(formatAddress));
  return (
    addresses.every((each) => given.has(formatAddress(each))) &&
    (mac ?? left.mac) === left.mac &&
    formatHostPorts(hostPorts) === formatHostPorts(left.hostPorts)
  );
}

function choose(
  node: CniNode,
  requested: Attachment["addresses"],
): Result<readonly Choice[], string> {
  const attachments = node.store.attachments();
  const used = new Set(attachments.flatMap(({ addresses }) => addresses.map(formatAddress)));
  return chooseAddresses(node.podCidrs(), { used, cursorOf: node.store.cursor, requested });
}

function attachmentOf(
  target: Target,
  request: CniRequest,
  choices: readonly Choice[],
): Omit<Attachment, "hostPorts"> {
  return {
    ...target,
    pod: podNameOf(cniArguments(request)),
    podUid: cniArguments(request).get("K8S_POD_UID") ?? "",
    network: networkNameOf(request.config),
    mac: podMacAddress(target.device),
    addresses: choices.map(({ address }) => address),
  };
}

/** DEL succeeds when the interface is gone, also when it never was. */
function remove(node: CniNode, request: CniRequest): CniAnswer {
  const target = targetOf(request);
  if (!target.ok) return target;
  const removed = removeDevice(node, target.value.device);
  return removed.ok ? ok(null) : kernelFailure(removed.error);
}

/** That the record cannot be erased from a full disk does not matter: the store forgets it all the same. */
function removeDevice(node: CniNode, device: string): Result<null, KernelError> {
  const deleted = deletePodInterface(device);
  if (!deleted.ok) return deleted;
  node.store.remove(device);
  node.changed();
  return deleted;
}

function check(node: CniNode, request: CniRequest): CniAnswer {
  const target = targetOf(request);
  if (!target.ok) return target;
  const previous = request.config["prevResult"];
  if (!isJson(previous)) {
    const details = "expected the result of ADD for this container: CHECK compares with it";
    return fail(codes.invalidConfig, "prevResult is missing or no JSON object", details);
  }
  const attachment = node.store.attachment(target.value.device);
  if (attachment === null) {
    const details = "the pod must be made anew: it has no interface of Seam on this node";
    return fail(
      codes.unknownContainer,
      `container ${target.value.containerId} is unknown`,
      details,
    );
  }
  const expected = expectedOf(previous, target.value);
  const { ifName, netns } = target.value;
  const faults = podInterfaceFaults({ ...attachment, ifName }, netns, expected);
  if (!faults.ok) return kernelFailure(faults.error);
  const all = [...faults.value, ...unreserved(node, attachment, expected)];
  return all.length === 0
    ? ok(null)
    : fail(codes.kernelRefused, "the pod's interface is not as it was made", all.join("; "));
}

/** Addresses of this node that the runtime believes the pod to have, and that could be given to another. */
function unreserved(
  node: CniNode,
  { addresses }: Attachment,
  expected: Expected,
): readonly string[] {
  const reserved = new Set(addresses.map(formatAddress));
  return expected.addresses
    .filter((text) => {
      const parsed = parseAddress(text);
      return (
        parsed.ok &&
        node.podCidrs().some((cidr) => cidrContains(cidr, parsed.value)) &&
        !reserved.has(formatAddress(parsed.value))
      );
    })
    .map((text) => `the address ${text} is not reserved for it`);
}

/** Whether the next ADD could work; its errors are what the specification has for that. */
function status(node: CniNode): CniAnswer {
  const ready = prefixes(node);
  if (!ready.ok) return ready;
  const free = choose(node, []);
  if (!free.ok) return fail(codes.notAvailable, free.error, "delete pods of this node");
  const kept = node.store.probe();
  return kept.ok ? ok(null) : fail(codes.notAvailable, ...memoryFault(kept.error));
}

/** Without prefixes no other node has routes to the pods that are here. */
function prefixes(node: CniNode): Result<null, CniError> {
  if (node.podCidrs().length > 0) return ok(null);
  const details =
    "spec.podCIDRs of the Node is empty or not read yet; does the controller manager allocate node CIDRs?";
  const limited = node.store.attachments().length > 0;
  const code = limited ? codes.notAvailableAndLimited : codes.notAvailable;
  return err({ code, msg: "this node has no pod prefixes", details });
}

const memoryFault = (why: string): [string, string] => [
  `${MEMORY_FAULT}: ${why}`,
  "free space on the file system of the agent's folder, /var/lib/seam; nothing has to be restarted",
];

const cannotRemember = (why: string): Result<never, CniError> => {
  const [msg, details] = memoryFault(why);
  return err({ code: codes.tryAgainLater, msg, details });
};

const nameTaken = ({ ifName, netns }: Target): Result<never, CniError> =>
  err({
    code: codes.invalidEnvironment,
    msg: `CNI_IFNAME ${ifName} exists in the pod's network namespace`,
    details: `expected a name that is free in ${netns}; DEL removes an interface that ADD made`,
  });

function kernelFailure({ errno, message }: KernelError): Result<never, CniError> {
  return errno === "ENOENT"
    ? err({
        code: codes.invalidEnvironment,
        msg: "CNI_NETNS: the pod's network namespace does not exist",
        details: message,
      })
    : err({ code: codes.kernelRefused, msg: "the kernel refused", details: message });
}
