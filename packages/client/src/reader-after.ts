/** The cluster as it would be read after a change; pure but for what it reads. */
import { ok } from "@seam/base";
import { type KindRef, type ObjectRef, refOf } from "@seam/kube";

import type { KubeReader } from "./list.ts";
import type { PlannedObject } from "./planned-object.ts";

/** An object as it would be; null when it goes. */
type After = Pick<PlannedObject, "ref" | "after">;

/** Reads planned objects in place of those that exist, whatever version they are written in; lists are those without selectors. */
export function readerAfter(kube: KubeReader, planned: readonly After[]): KubeReader {
  return {
    get: async (ref) => {
      const after = planned.find((each) => isSame(each.ref, ref))?.after ?? null;
      return after === null ? kube.get(ref) : ok(after);
    },
    list: async (ref, query) => {
      const page = await kube.list(ref, query);
      if (!page.ok) return page;
      const { items, next } = page.value;
      const changed = planned.filter((each) => isListed(each.ref, ref));
      const kept = items.filter((item) => !changed.some((each) => isSame(each.ref, refOf(item))));
      // Those that come stand behind all pages.
      const coming = next === null ? changed.flatMap(({ after }) => after ?? []) : [];
      return ok({ ...page.value, items: [...kept, ...coming] });
    },
  };
}

const isSame = (one: ObjectRef, other: ObjectRef): boolean =>
  isOfKind(one, other) && one.name === other.name && one.namespace === other.namespace;

const isListed = (object: ObjectRef, list: KindRef): boolean =>
  isOfKind(object, list) && (list.namespace === undefined || object.namespace === list.namespace);

const isOfKind = (one: KindRef, other: KindRef): boolean =>
  one.kind === other.kind && groupOf(one) === groupOf(other);

const groupOf = ({ apiVersion }: KindRef): string =>
  apiVersion.includes("/") ? (apiVersion.split("/")[0] ?? "") : "";
