/** A node's state for people and programs, as JSON. Pure. */
import type { Json } from "@seam/kube";
import { textForm } from "@seam/state";

import type { Comparison } from "./reconcile.ts";

/** What the node should look like, what it looks like, and the steps between; addresses and prefixes are text. */
export const nodeView = (comparison: Comparison): Json =>
  Object.fromEntries(Object.entries(comparison).map(([key, value]) => [key, textForm(value)]));
