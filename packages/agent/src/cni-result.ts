/**
 * The specification's success result (CNI 1.1.0, section 5, "ADD Success"): writing it in the version of the
 * request, after what earlier plug-ins of the chain made, and reading it back from `prevResult`.
 */
import { type Bytes, familyBits, formatAddress } from "@seam/base";
import type { PodInterface } from "@seam/kernel";
import { isJson, type Json } from "@seam/kube";
import { GATEWAYS } from "@seam/state";

import { isAtLeast, versionOf } from "./cni-message.ts";
import type { Target } from "./cni-target.ts";
import { listAt, textAt } from "./json.ts";

const gateways = {
  ipv4: formatAddress(GATEWAYS.ipv4),
  ipv6: formatAddress(GATEWAYS.ipv6),
} as const;

/** A pod's interface and what pods can send over it. */
export type Made = PodInterface & { readonly mtu: Bytes };

/** What `ADD` made, as a result; prefixes are /32 and /128: all else is routed. */
export function resultOf(config: Json, { ifName, netns }: Target, made: Made): Json {
  const previous = config["prevResult"];
  const before = (key: string): readonly unknown[] => listAt(previous, key);
  const version = versionOf(config);
  const families = new Set(made.addresses.map(({ family }) => family));
  const sandbox = before("interfaces").length + 1;
  const mtu = isAtLeast(version, "1.1.0") ? { mtu: made.mtu } : {};
  return {
    dns: isJson(config["dns"]) ? config["dns"] : {},
    ...(isJson(previous) ? previous : {}),
    cniVersion: version,
    interfaces: [
      ...before("interfaces"),
      { name: made.hostDevice, mac: made.hostMac, ...mtu },
      { name: ifName, mac: made.podMac, ...mtu, sandbox: netns },
    ],
    ips: [
      ...before("ips"),
      ...made.addresses.map((address) => ({
        // Dropped in 1.0.0, required before.
        ...(isAtLeast(version, "1.0.0") ? {} : { version: address.family.slice(-1) }),
        address: `${formatAddress(address)}/${familyBits(address.family)}`,
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

/** What the runtime remembers of an interface that ADD made. */
export type Expected = {
  /** MAC addresses that the two ends are said to have; absent when the end itself is. */
  readonly hostMac?: string;
  readonly podMac?: string;
  readonly addresses: readonly string[];
  /** Destinations of the routes through Seam's gateways, such as 0.0.0.0/0. */
  readonly routes: readonly string[];
};

/** What a result says of the interface of `target`; later plug-ins of the chain may have changed it. */
export function expectedOf(result: Json, { device, ifName, netns }: Target): Expected {
  const interfaces = listAt(result, "interfaces");
  const host = interfaces.find((each) => isNamed(each, device) && !textAt(each, "sandbox"));
  const place = interfaces.findIndex(
    (each) => isNamed(each, ifName) && textAt(each, "sandbox") === netns,
  );
  const pod = interfaces[place];
  return {
    ...(host === undefined ? {} : { hostMac: textAt(host, "mac").toLowerCase() }),
    ...(pod === undefined ? {} : { podMac: textAt(pod, "mac").toLowerCase() }),
    addresses: listAt(result, "ips")
      .filter((each) => isJson(each) && (each["interface"] ?? place) === place)
      .flatMap((each) => textAt(each, "address").split("/")[0] ?? []),
    routes: listAt(result, "routes")
      .filter((each) => Object.values(gateways).includes(textAt(each, "gw")))
      .map((each) => textAt(each, "dst")),
  };
}

const isNamed = (value: unknown, name: string): boolean => textAt(value, "name") === name;
