/** How long an object is left alone after a pass over it, so that what pods report one after another is told together. */
import { millis, type Millis } from "@seam/base";

/** While pods become Ready one after another, an experiment is looked at five times a second; once a second when passes are slow. */
const SHORTEST_MS = 200;
const LONGEST_MS = 1000;
/** A pass is slow because the API server is busy, and then what is new comes before what has changed a little. */
const TIMES_AS_LONG = 3;

/** The rest after a pass that took so long. */
export const restAfter = (tookMs: number): Millis =>
  millis(Math.min(LONGEST_MS, Math.max(SHORTEST_MS, TIMES_AS_LONG * tookMs)));
