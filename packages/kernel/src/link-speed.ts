/** How fast a network interface is, as far as hardware says so: sysfs (Documentation/ABI/testing/sysfs-class-net). */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { basename, join } from "node:path";

import { type Mbps, mbps } from "@seam/base";

/** The interfaces of the network namespace in which sysfs was mounted. */
const INTERFACES = "/sys/class/net";
/** Buses of machines without hardware; what is said of speed there is made up. */
const VIRTUAL_BUSES: ReadonlySet<string> = new Set(["virtio", "vmbus", "xen"]);
const VIRTUAL_DRIVERS: ReadonlySet<string> = new Set(["vmxnet3"]);

/**
 * The speed that the link of a network card has negotiated, in Mbit/s, also through a VLAN or a bond over cards. Null for what is no
 * hardware, such as veth, bridge, VXLAN and virtio, whatever it claims, and while a link is down.
 */
export function linkSpeed(name: string, folder: string = INTERFACES): Mbps | null {
  if (!isOverHardware(name, folder)) return null;
  const speed = Number(textOf(join(folder, name, "speed")));
  return Number.isInteger(speed) && speed > 0 ? mbps(speed) : null;
}

function isOverHardware(name: string, folder: string): boolean {
  const files = namesIn(join(folder, name));
  if (files.includes("device")) return isHardware(join(folder, name, "device"));
  // Ports of a bridge come and go, and packets between them meet no card.
  if (files.includes("bridge")) return false;
  const lower = files.filter((file) => file.startsWith("lower_"));
  return lower.length > 0 && lower.every((file) => isOverHardware(file.slice(6), folder));
}

const isHardware = (device: string): boolean =>
  !VIRTUAL_BUSES.has(linkedFrom(join(device, "subsystem"))) &&
  !VIRTUAL_DRIVERS.has(linkedFrom(join(device, "driver")));

/** Interfaces vanish while they are looked at; what cannot be read says nothing. */
function attempt<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}

const namesIn = (folder: string): readonly string[] => attempt(() => readdirSync(folder), []);
const textOf = (file: string): string => attempt(() => readFileSync(file, "utf8"), "");
const linkedFrom = (link: string): string => attempt(() => basename(readlinkSync(link)), "");
