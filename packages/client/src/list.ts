/** Lists of objects. */
import { err, ok, type Result } from "@seam/base";
import type { KindRef, KubeClient, KubeObject, ListQuery } from "@seam/kube";
import { fromKube, type SeamError } from "./error.ts";

/** A value or why there is none. */
export type Reply<T> = Promise<Result<T, SeamError>>;

/** What reads objects one by one and in lists. */
export type KubeReader = Pick<KubeClient, "get" | "list">;

/** All objects of a kind, page by page. */
export async function listObjects(
  kube: Pick<KubeClient, "list">,
  ref: KindRef,
  selector: Pick<ListQuery, "labelSelector" | "fieldSelector"> = {},
): Reply<readonly KubeObject[]> {
  const items: KubeObject[] = [];
  let next: string | null = null;
  do {
    const query = next === null ? {} : { continue: next };
    const page = await kube.list(ref, { ...selector, ...query, limit: 500 });
    if (!page.ok) return err(fromKube(`list ${ref.kind.toLowerCase()}s`, page.error));
    items.push(...page.value.items);
    next = page.value.next;
  } while (next !== null);
  return ok(items);
}
