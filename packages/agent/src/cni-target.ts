/** For which interface of which container a command is: the CNI_* variables (specification 1.1.0, section 2, "Parameters"). */
import { err, ok, type Result } from "@seam/base";
import { hostDeviceName, OWN_NETNS } from "@seam/kernel";
import { statSync } from "node:fs";

import { type CniError, type CniRequest, codes, isPlainName } from "./cni-message.ts";

/** The interface that a command is about. */
export type Target = {
  readonly containerId: string;
  readonly ifName: string;
  /** Empty when DEL comes after the namespace is gone. */
  readonly netns: string;
  /** The host's end. */
  readonly device: string;
};

/** Reads the variables; the error names all that cannot be used. */
export function targetOf({ command, environment }: CniRequest): Result<Target, CniError> {
  const containerId = environment.get("CONTAINERID") ?? "";
  const ifName = environment.get("IFNAME") ?? "";
  const netns = environment.get("NETNS") ?? "";
  const faults = new Map([
    ["CNI_CONTAINERID", containerIdFault(containerId)],
    ["CNI_IFNAME", ifNameFault(ifName)],
    ["CNI_NETNS", command === "DEL" ? null : netnsFault(netns)],
  ]);
  const found = [...faults].filter(([, fault]) => fault !== null);
  if (found.length === 0) {
    return ok({ containerId, ifName, netns, device: hostDeviceName(containerId, ifName) });
  }
  return err({
    code: codes.invalidEnvironment,
    msg: `${found.map(([name]) => name).join(", ")} cannot be used for ${command}`,
    details: found.map(([name, fault]) => `${name} ${fault}`).join("; "),
  });
}

function containerIdFault(id: string): string | null {
  if (id === "") return "is not set; expected the runtime's ID of the container";
  if (isPlainName(id)) return null;
  return `is "${id}"; expected a letter or digit, then letters, digits, underscores, dots and hyphens`;
}

/** As Linux has it (`dev_valid_name`): at most 15 bytes, no slash, colon or white space. */
function ifNameFault(name: string): string | null {
  if (name === "") return "is not set; expected a name such as eth0";
  const valid =
    Buffer.byteLength(name) <= 15 && !/[/:\s]/.test(name) && name !== "." && name !== "..";
  return valid
    ? null
    : `is "${name}"; expected 1 to 15 bytes without slash, colon or white space, not . or ..`;
}

function netnsFault(path: string): string | null {
  if (path === "") return "is not set; expected the path of the pod's network namespace";
  const [own, other] = [OWN_NETNS, path].map((each) => statSync(each, { throwIfNoEntry: false }));
  // A path to nothing is the kernel's to refuse: it names the reason.
  if (own === undefined || other === undefined) return null;
  return own.ino === other.ino && own.dev === other.dev
    ? `is "${path}", the network namespace of the node; expected one of the pod's own`
    : null;
}
