/**
 * GC (CNI specification 1.1.0, section 2): what belongs to none of the runtime's attachments is removed. An
 * interface's name is a hash of its container and its name there, so that one whose record was rebuilt from the
 * kernel, without a container, can be judged as well.
 */
import { err, ok, type Result } from "@seam/base";
import { deletePodInterface, hostDeviceName } from "@seam/kernel";
import { isJson, type Json } from "@seam/kube";

import { podDevices } from "./adopt.ts";
import {
  type CniAnswer,
  type CniError,
  type CniRequest,
  codes,
  fail,
  networkNameOf,
} from "./cni-message.ts";
import type { Store } from "./store.ts";

/** The second is what the specification called it at first; libcni still sends both. */
const KEYS = ["cni.dev/valid-attachments", "cni.dev/attachments"];

/** What the command works on. */
export type GcNode = { readonly store: Store; readonly changed: () => void };

/** Removes all that is stale and can be removed, and tells what could not. */
export function collect(node: GcNode, request: CniRequest): CniAnswer {
  const stale = staleDevices(node, request);
  if (!stale.ok) return stale;
  const faults = stale.value.flatMap((device) => {
    const deleted = deletePodInterface(device);
    if (deleted.ok) node.store.remove(device);
    return deleted.ok ? [] : [`${device}: ${deleted.error.message}`];
  });
  node.changed();
  return faults.length === 0
    ? ok(null)
    : fail(
        codes.kernelRefused,
        `${faults.length} interfaces could not be removed`,
        faults.join("; "),
      );
}

/** Interfaces and records that belong to none of the listed attachments, nor to another network. */
export function staleDevices(
  { store }: Pick<GcNode, "store">,
  { config }: CniRequest,
): Result<readonly string[], CniError> {
  const valid = validDevices(config);
  if (!valid.ok) return valid;
  const found = podDevices();
  if (!found.ok) {
    const msg = "the interfaces could not be read";
    return err({ code: codes.kernelRefused, msg, details: found.error.message });
  }
  const records = store.attachments();
  const foreign = new Set(
    records.flatMap(({ device, network }) =>
      network === "" || network === networkNameOf(config) ? [] : [device],
    ),
  );
  const known = new Set([...records.map(({ device }) => device), ...found.value]);
  return ok([...known].filter((device) => !valid.value.has(device) && !foreign.has(device)));
}

/** Nothing is removed while any entry cannot be read: its pod would lose its network. */
function validDevices(config: Json): Result<ReadonlySet<string>, CniError> {
  const key = KEYS.find((each) => config[each] !== undefined);
  if (key === undefined) return err(refusal(`${KEYS[0]} is missing`));
  // Go writes an empty list as null.
  const listed = config[key] ?? [];
  if (!Array.isArray(listed)) return err(refusal(`${key} is not a list`));
  const entries: readonly unknown[] = listed;
  const devices = entries.map(deviceOf);
  const unreadable = devices.indexOf(null);
  if (unreadable >= 0) return err(refusal(`${key}[${unreadable}] cannot be read`));
  return ok(new Set(devices.filter((each) => each !== null)));
}

function deviceOf(entry: unknown): string | null {
  if (!isJson(entry)) return null;
  const { containerID, ifname } = entry;
  return typeof containerID === "string" && typeof ifname === "string"
    ? hostDeviceName(containerID, ifname)
    : null;
}

const refusal = (msg: string): CniError => ({
  code: codes.invalidConfig,
  msg,
  details:
    'expected a list such as [{"containerID": "4ab8…", "ifname": "eth0"}]; nothing was removed',
});
