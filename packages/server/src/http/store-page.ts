/** Pages of the store as the API shows them. */
import { err, ok, type Result } from "@seam/base";
import type { Outcome, Page } from "@seam/store";
import { ofStore, type Problem } from "./problem.ts";

/** Items, and where the next page begins. */
export async function pageIn<T>(
  found: Outcome<Page<T>>,
): Promise<Result<{ readonly items: readonly T[]; readonly next: string | null }, Problem>> {
  const page = await found;
  return page.ok ? ok({ items: page.value.rows, next: page.value.next }) : err(ofStore(page.error));
}
