/** The table of policies where nobody knows yet what is allowed: all pods' links are closed. */
import { ok, type Result } from "@seam/base";
import type { KernelError, PolicyTable } from "@seam/kernel";

/** Makes it where there is none, or one that judges nothing; whether it had to. What an earlier agent wrote stays. */
export function keepClosed(
  table: Pick<PolicyTable, "isThere" | "close">,
): Result<boolean, KernelError> {
  const there = table.isThere();
  if (!there.ok) return there;
  if (there.value) return ok(false);
  const written = table.close();
  return written.ok ? ok(true) : written;
}
