/** `seam describe`: everything about one object, with what happened to it and its pods. */
import { fromKube, itemsOf, listObjects, nameOf, type Seam, textOf } from "@seam/client";
import type { KubeObject } from "@seam/kube";
import type { Target } from "./definition.ts";
import { refIn } from "./refs.ts";
import { describeObject } from "./render.ts";
import { fail, oneSubject, print, withSeam } from "./session.ts";

/** The action of `seam describe`. */
export async function describe(
  word: string,
  second: string | undefined,
  options: Target,
): Promise<void> {
  const { known, name } = oneSubject(word, second);
  await withSeam(options, async (seam) => {
    const ref = refIn(seam, known, name);
    const found = await seam.kube.get(ref);
    if (found.ok) {
      print(describeObject(found.value, await eventsAbout(seam, found.value), Date.now()));
    } else fail(fromKube(`get ${nameOf(ref)}`, found.error));
  });
}

/** Events of the object and of the workloads and pods that its status names; none when they may not be read. */
async function eventsAbout(seam: Seam, object: KubeObject): Promise<readonly KubeObject[]> {
  const workloads = itemsOf(object, "status", "workloads");
  const pods = workloads.flatMap((each) => itemsOf(each, "pods"));
  const names = new Set(
    [object.metadata, ...workloads, ...pods].map((each) => textOf(each, "name")),
  );
  const namespace = object.metadata.namespace;
  const ref = {
    apiVersion: "v1",
    kind: "Event",
    ...(namespace === undefined ? {} : { namespace }),
  };
  const events = await listObjects(seam.kube, ref);
  return events.ok
    ? events.value.filter((each) => names.has(textOf(each, "involvedObject", "name")))
    : [];
}
