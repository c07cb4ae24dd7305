/** The controller's flags about bandwidth; those of vaclab-k8s-plugins keep their names and defaults. */
import { err, mbps, ok, type Result } from "@seam/base";
import {
  CEILING_KEYS,
  type CeilingKeys,
  OVN_KEYS,
  RATE_READINGS,
  type Rates,
} from "@seam/bandwidth";
import { wordFlag } from "@seam/daemon";
import type { BandwidthSettings } from "./bandwidth-watches.ts";

/** The part of `--help` about them. */
export const BANDWIDTH_USAGE = `
  Bandwidth: what a node has of which nothing else is known, in Mbit/s out of pods (ul) and into them (dl)
  --default-local-ul-mbps N             between pods of the node; 20000
  --default-local-dl-mbps N             20000
  --default-network-ul-mbps N           through the node's network card, when it does not tell; 1000
  --default-network-dl-mbps N           1000
  --egress-bandwidth-annotation KEY     annotation of pods that is read first; ovn.kubernetes.io/egress_rate
  --ingress-bandwidth-annotation KEY    ovn.kubernetes.io/ingress_rate
  --units UNITS                         kubernetes, or vaclab: whole numbers are Mbit/s in every annotation; kubernetes
  --egress-ceiling-annotation KEY       annotation of pods with how far they may go beyond their rate; seam.ucsd.edu/egress-ceiling
  --ingress-ceiling-annotation KEY      seam.ucsd.edu/ingress-ceiling
  --bandwidth-scheduler NAME            the scheduler whose pods count without annotations; vaclab-scheduler
  --default-egress-mbps N               what such a pod counts, out of it; 20
  --default-ingress-mbps N              and into it; 20
  --leader-elect                        for scripts written for vaclab: one of several controllers works, always
`;

const text = { type: "string" } as const;

/** The flags. */
export const BANDWIDTH_FLAGS = {
  "default-local-ul-mbps": text,
  "default-local-dl-mbps": text,
  "default-network-ul-mbps": text,
  "default-network-dl-mbps": text,
  "egress-bandwidth-annotation": text,
  "ingress-bandwidth-annotation": text,
  units: text,
  "egress-ceiling-annotation": text,
  "ingress-ceiling-annotation": text,
  "bandwidth-scheduler": text,
  "default-egress-mbps": text,
  "default-ingress-mbps": text,
  "leader-elect": { type: "boolean" },
} as const;

type Flags = {
  readonly [F in keyof typeof BANDWIDTH_FLAGS]?: F extends "leader-elect" ? boolean : string;
};

/** Reads the flags. */
export function bandwidthSettings(flags: Flags): Result<BandwidthSettings, string> {
  const local = ratesOf(flags, ["default-local-ul-mbps", "default-local-dl-mbps", 20_000]);
  if (!local.ok) return local;
  const network = ratesOf(flags, ["default-network-ul-mbps", "default-network-dl-mbps", 1000]);
  if (!network.ok) return network;
  const rates = ratesOf(flags, ["default-egress-mbps", "default-ingress-mbps", 20]);
  if (!rates.ok) return rates;
  const keys = keysOf(flags, "bandwidth", OVN_KEYS);
  if (!keys.ok) return keys;
  const ceilings = keysOf(flags, "ceiling", CEILING_KEYS);
  if (!ceilings.ok) return ceilings;
  const units = wordFlag("--units", flags.units ?? "kubernetes", RATE_READINGS);
  if (!units.ok) return units;
  return ok({
    defaults: { local: local.value, network: network.value },
    keys: keys.value,
    ceilings: ceilings.value,
    units: units.value,
    silent: { scheduler: flags["bandwidth-scheduler"] ?? "vaclab-scheduler", rates: rates.value },
  });
}

type RateFlag = Extract<keyof Flags, `${string}-mbps`>;

/** The two flags of a pair of rates, and what each is without. */
function ratesOf(
  flags: Flags,
  [ul, dl, otherwise]: readonly [RateFlag, RateFlag, number],
): Result<Rates, string> {
  const wrong = [ul, dl].find((flag) => !/^[1-9][0-9]{0,7}$/.test(flags[flag] ?? "1"));
  if (wrong !== undefined)
    return err(
      `--${wrong}: expected whole Mbit/s from 1 to 99999999, for example ${otherwise}; found ${flags[wrong] ?? ""}; leave it out for ${otherwise}`,
    );
  const [ulMbps, dlMbps] = [
    mbps(Number(flags[ul] ?? otherwise)),
    mbps(Number(flags[dl] ?? otherwise)),
  ];
  return ok({ ulMbps, dlMbps });
}

/** The key of an annotation: NAME or DOMAIN/NAME. */
const KEY = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;

/** The two annotations of a sort. */
function keysOf(
  flags: Flags,
  sort: "bandwidth" | "ceiling",
  otherwise: CeilingKeys,
): Result<CeilingKeys, string> {
  const egress = flags[`egress-${sort}-annotation`] ?? otherwise.egress;
  const ingress = flags[`ingress-${sort}-annotation`] ?? otherwise.ingress;
  for (const [way, key] of Object.entries({ egress, ingress }))
    if (!KEY.test(key))
      return err(
        `--${way}-${sort}-annotation: expected the key of an annotation, NAME or DOMAIN/NAME, for example kubernetes.io/${way}-bandwidth; found ${key}`,
      );
  return egress === ingress
    ? err(
        `--egress-${sort}-annotation and --ingress-${sort}-annotation: expected two annotations; found ${egress} twice`,
      )
    : ok({ egress, ingress });
}
