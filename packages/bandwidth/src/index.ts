/** Bandwidth of pods: what annotations ask for, and the ledger of what nodes have left (V1 to V21). */
export { type NodeAccount, type Overcommitment, type Reservation } from "./account.ts";
export {
  CEILING_KEYS,
  type CeilingKeys,
  DEFAULT_RATES,
  familiesWith,
  type Finding,
  isRefused,
  KUBERNETES_KEYS,
  NO_RATES,
  OVN_KEYS,
  type PodRates,
  type RateKeys,
  type RateOptions,
  type Rates,
  readRates,
  reservedRates,
} from "./annotations.ts";
export { explainMisfit, type Misfit } from "./fit.ts";
export {
  type Controller,
  type Group,
  GROUP_ANNOTATION,
  type GroupMember,
  groupOf,
} from "./group.ts";
export { createLedger, type Fit, type Ledger } from "./ledger.ts";
export type { LedgerRules, NodeFacts, Place, PlacedPod, PodFacts, Shares } from "./model.ts";
export {
  formatRate,
  RATE_READINGS,
  type RateReading,
  type RateUnit,
  type Severity,
  wholeMbps,
} from "./rate.ts";
