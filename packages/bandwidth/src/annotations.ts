/** The rates that a pod's annotations ask for (V7, V8), and what is doubtful about them, as data for events and admission. */
import { type BitsPerSecond, type Mbps, mbps } from "@seam/base";

import {
  formatRate,
  parseRate,
  parseRateAsVaclab,
  type ParsedRate,
  type RateReading,
  type RateUnit,
  type Severity,
  wholeMbps,
} from "./rate.ts";

/** Two annotations, and what a number without suffix counts in them. */
export type RateKeys = {
  /** Out of the pod: ul. */
  readonly egress: string;
  /** Into the pod: dl. */
  readonly ingress: string;
  readonly unit: RateUnit;
};

/** The annotations of Kubernetes, which container runtimes hand to CNI plug-ins. */
export const KUBERNETES_KEYS: RateKeys = {
  egress: "kubernetes.io/egress-bandwidth",
  ingress: "kubernetes.io/ingress-bandwidth",
  unit: "bit/s",
};

/** Those of kube-ovn, the original's default. */
export const OVN_KEYS: RateKeys = {
  egress: "ovn.kubernetes.io/egress_rate",
  ingress: "ovn.kubernetes.io/ingress_rate",
  unit: "Mbit/s",
};

/** Two annotations with the most that a pod may have when nobody else needs it; bare numbers are bit/s. */
export type CeilingKeys = Pick<RateKeys, "egress" | "ingress">;

/** Those that are read unless an operator names others. */
export const CEILING_KEYS: CeilingKeys = {
  egress: "seam.ucsd.edu/egress-ceiling",
  ingress: "seam.ucsd.edu/ingress-ceiling",
};

/** A value that somebody should look at. */
export type Finding = {
  readonly severity: Severity;
  /** The annotation. */
  readonly key: string;
  readonly value: string;
  /** What the value was read as, such as `20 bit/s`; null when nothing. */
  readonly read: string | null;
  /** The whole sentence for people: key, value, what is wrong, the right form. */
  readonly message: string;
};

/** What a pod asks for: ul is egress, dl is ingress of the pod; null is no limit. */
export type PodRates = {
  readonly ul: BitsPerSecond | null;
  readonly dl: BitsPerSecond | null;
  /** To what the pod is held: its ceilings where it may borrow, else its rates. */
  readonly most: {
    readonly ul: BitsPerSecond | null;
    readonly dl: BitsPerSecond | null;
  };
  readonly findings: readonly Finding[];
};

/** How annotations are read; both families and `kubernetes` when absent. */
export type RateOptions = {
  /** Families of annotations; where several give a direction, the first one counts. */
  readonly families?: readonly RateKeys[];
  /** Annotations with ceilings; `CEILING_KEYS` when absent. */
  readonly ceilings?: CeilingKeys;
  readonly units?: RateReading;
};

type Annotations = { readonly [key: string]: string | undefined };
type Read = ParsedRate & { readonly key: string; readonly value: string };

/**
 * The families to read when an operator's options name two annotations: those first, then the known ones. A known annotation keeps its
 * unit; under an unknown one bare numbers are Mbit/s, as in the original.
 */
export function familiesWith(named: Pick<RateKeys, "egress" | "ingress">): readonly RateKeys[] {
  const known = [KUBERNETES_KEYS, OVN_KEYS];
  const same = known.find(
    ({ egress, ingress }) => egress === named.egress || ingress === named.ingress,
  );
  const own: RateKeys = {
    egress: named.egress,
    ingress: named.ingress,
    unit: same?.unit ?? "Mbit/s",
  };
  return [own, ...known.filter((each) => each !== same)];
}

/** Reads a pod's annotations. */
export function readRates(annotations: Annotations, options: RateOptions = {}): PodRates {
  const { families = [KUBERNETES_KEYS, OVN_KEYS], units = "kubernetes" } = options;
  const { ceilings = CEILING_KEYS } = options;
  const parse = units === "vaclab" ? parseRateAsVaclab : parseRate;
  const read = (key: string, unit: RateUnit): readonly Read[] => {
    const value = annotations[key];
    return value === undefined ? [] : [{ key, value, ...parse(value, unit) }];
  };
  const ul = families.flatMap(({ egress, unit }) => read(egress, unit));
  const dl = families.flatMap(({ ingress, unit }) => read(ingress, unit));
  const highest = (key: string, [rate]: readonly Read[]): Ceiling =>
    ceilingOver(rate, read(key, "bit/s")[0]);
  const [ulMost, dlMost] = [highest(ceilings.egress, ul), highest(ceilings.ingress, dl)];
  return {
    ul: ul[0]?.rate ?? null,
    dl: dl[0]?.rate ?? null,
    most: { ul: ulMost.most, dl: dlMost.most },
    findings: [
      ...[...ul, ...dl].flatMap(faultOf),
      ...ulMost.findings,
      ...dlMost.findings,
      ...conflict(ul),
      ...conflict(dl),
      ...doubledKey(families, ul, dl),
    ],
  };
}

/** To what a direction is held, and what is wrong with the annotation that says so. */
type Ceiling = { readonly most: BitsPerSecond | null; readonly findings: readonly Finding[] };

/** A ceiling that cannot be kept counts for nothing: the pod is held to its rate. */
function ceilingOver(rate: Read | undefined, ceiling: Read | undefined): Ceiling {
  const most = rate?.rate ?? null;
  if (ceiling === undefined) return { most, findings: [] };
  const refuse = (why: string): Ceiling => ({
    most,
    findings: [
      {
        ...about(ceiling),
        severity: "error",
        message: `${ceiling.key}: "${ceiling.value}" ${why}`,
      },
    ],
  });
  if (ceiling.fault?.severity === "error") return { most, findings: faultOf(ceiling) };
  if (ceiling.rate === null)
    return refuse(`is no rate; write one above the pod's own, such as "200M", or leave it out`);
  if (rate === undefined || most === null)
    return refuse(
      "is how far a pod may go beyond its rate in that direction, and it names none; add one, or leave this out",
    );
  if (ceiling.rate < most)
    return refuse(
      `is less than the rate that it is to go beyond, ${rate.key}: "${rate.value}"; write at least that, or leave it out`,
    );
  return { most: ceiling.rate, findings: faultOf(ceiling) };
}

/** Whether a pod must not run as it is, because a value cannot be kept. */
export const isRefused = ({ findings }: PodRates): boolean =>
  findings.some(({ severity }) => severity === "error");

/** Whole Mbit/s out of (ul) and into (dl) pods. */
export type Rates = { readonly ulMbps: Mbps; readonly dlMbps: Mbps };

/** No rate. */
export const NO_RATES: Rates = { ulMbps: mbps(0), dlMbps: mbps(0) };

/** What the original accounts for a pod that says nothing (V18). */
export const DEFAULT_RATES: Rates = { ulMbps: mbps(20), dlMbps: mbps(20) };

/**
 * What is reserved for a pod: its rates rounded up, and `absent` for a direction without one. Only pods of the bandwidth-aware scheduler
 * get `DEFAULT_RATES` there (V18); the default is accounted, never enforced.
 */
export const reservedRates = (
  { ul, dl }: Pick<PodRates, "ul" | "dl">,
  absent: Rates = NO_RATES,
): Rates => ({
  ulMbps: ul === null ? absent.ulMbps : wholeMbps(ul),
  dlMbps: dl === null ? absent.dlMbps : wholeMbps(dl),
});

const readAs = ({ rate }: Read): string | null => (rate === null ? null : formatRate(rate));

function faultOf(one: Read): readonly Finding[] {
  if (one.fault === null) return [];
  const { severity, message } = one.fault;
  return [{ ...about(one), severity, message: `${one.key}: "${one.value}" ${message}` }];
}

const about = (one: Read): Pick<Finding, "key" | "value" | "read"> => ({
  key: one.key,
  value: one.value,
  read: readAs(one),
});

/** Two annotations that say different things about a direction: neither can be known to be meant. */
function conflict([first, ...others]: readonly Read[]): readonly Finding[] {
  const other = others.find(({ rate }) => rate !== first?.rate);
  if (first === undefined || other === undefined) return [];
  const said = (one: Read): string => `${one.key}: "${one.value}" (${readAs(one) ?? "no rate"})`;
  return [
    {
      ...about(other),
      severity: "error",
      message: `${said(other)} contradicts ${said(first)}; leave one of them out`,
    },
  ];
}

/** A key that YAML has twice is kept once, which shows as egress alone (V7). */
function doubledKey(
  families: readonly RateKeys[],
  ul: readonly Read[],
  dl: readonly Read[],
): readonly Finding[] {
  const [only] = ul;
  if (only === undefined || dl.length > 0) return [];
  const missing = families.find(({ egress }) => egress === only.key)?.ingress ?? "";
  return [
    {
      ...about(only),
      severity: "advice",
      message: `only egress is limited; was the key ${only.key} meant twice? The other direction is ${missing}: "${only.value}"`,
    },
  ];
}
