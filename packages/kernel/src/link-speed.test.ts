/** Which interfaces' speed counts as capacity (V2, V3), on folders as sysfs shows them. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { linkSpeed } from "./link-speed.ts";

let folder: string;

type Interface = {
  readonly speed?: string;
  /** The bus and the driver of the device. */
  readonly device?: readonly [string, string];
  readonly lower?: readonly string[];
  readonly isBridge?: boolean;
};

function make(name: string, { speed, device, lower = [], isBridge = false }: Interface): void {
  const at = join(folder, name);
  mkdirSync(at);
  if (speed !== undefined) writeFileSync(join(at, "speed"), `${speed}\n`);
  if (isBridge) mkdirSync(join(at, "bridge"));
  for (const each of lower) symlinkSync(`../${each}`, join(at, `lower_${each}`));
  if (device === undefined) return;
  mkdirSync(join(at, "device"));
  symlinkSync(`../../../bus/${device[0]}`, join(at, "device/subsystem"));
  symlinkSync(`../../../bus/${device[0]}/drivers/${device[1]}`, join(at, "device/driver"));
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "seam-link-speed-"));
  make("eth0", { speed: "25000", device: ["pci", "mlx5_core"] });
  make("eth1", { speed: "10000", device: ["pci", "ixgbe"] });
  make("down", { speed: "-1", device: ["pci", "igb"] });
  make("silent", { device: ["pci", "igb"] });
  make("usb0", { speed: "1000", device: ["usb", "r8152"] });
  make("ens3", { speed: "10000", device: ["virtio", "virtio_net"] });
  make("ens192", { speed: "10000", device: ["pci", "vmxnet3"] });
  make("hv0", { speed: "40000", device: ["vmbus", "hv_netvsc"] });
  make("vif0", { speed: "1000", device: ["xen", "xennet"] });
  make("veth0", { speed: "10000" });
  make("vxlan0", { speed: "10000", lower: [] });
  make("eth0.7", { speed: "25000", lower: ["eth0"] });
  make("bond0", { speed: "35000", lower: ["eth0", "eth1"] });
  make("bond0.7", { speed: "35000", lower: ["bond0"] });
  make("half", { speed: "35000", lower: ["eth0", "veth0"] });
  make("br0", { speed: "25000", lower: ["eth0"], isBridge: true });
});
afterAll(() => rmSync(folder, { recursive: true }));

test.each([
  ["eth0", 25_000],
  ["usb0", 1000],
  ["eth0.7", 25_000],
  ["bond0", 35_000],
  ["bond0.7", 35_000],
])("%s is hardware, or over it (V3)", (name, speed) => {
  expect(linkSpeed(name, folder)).toBe(speed);
});

test.each([
  "down",
  "silent",
  "ens3",
  "ens192",
  "hv0",
  "vif0",
  "veth0",
  "vxlan0",
  "half",
  "br0",
  "absent",
])("%s has no speed that counts (V3)", (name) => {
  expect(linkSpeed(name, folder)).toBeNull();
});

test("the loopback of this very machine has none", () => {
  expect(linkSpeed("lo")).toBeNull();
});
