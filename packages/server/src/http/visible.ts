/** Which projects, and what in them, somebody may see. */
import { err, ok, type Result } from "@seam/base";
import { listObjects } from "@seam/client";
import type { KubeClient, KubeObject, Person } from "@seam/kube";
import type { Access } from "./access.ts";
import { ofSeam, type Problem } from "./problem.ts";
import { kindAt, PROJECTS, refAt, type Resource } from "./resources.ts";

type Looking = { readonly kube: KubeClient; readonly access: Access; readonly person: Person };

const QUESTION = { group: "seam.ucsd.edu", resource: "projects" };

/** All projects for who may list them; else those that a member's rules name. */
export async function visibleProjects(
  { kube, access, person }: Looking,
  selector: Parameters<typeof listObjects>[2] = {},
): Promise<Result<readonly KubeObject[], Problem>> {
  const seesAll = await access.may(person, { verb: "list", ...QUESTION });
  if (!seesAll.ok) return seesAll;
  if (!seesAll.value) {
    const names = await access.namesFor(person, { verb: "get", ...QUESTION });
    return names.ok ? ok(await existing(kube, names.value)) : names;
  }
  const found = await listObjects(kube, kindAt(PROJECTS, undefined), selector);
  return found.ok ? found : err(ofSeam(found.error));
}

/** A member may read their projects by name, and not list all. */
async function existing(
  kube: KubeClient,
  names: readonly string[],
): Promise<readonly KubeObject[]> {
  const found = await Promise.all(names.map((name) => kube.get(refAt(PROJECTS, { name }))));
  return found.flatMap((each) => (each.ok ? [each.value] : []));
}

/** Objects of a kind: of the cluster for who may list those, else of these projects. */
export async function visibleIn(
  kube: KubeClient,
  resource: Resource,
  projects: readonly KubeObject[],
): Promise<readonly KubeObject[]> {
  const all = await listObjects(kube, kindAt(resource, undefined));
  if (all.ok) return all.value;
  const lists = await Promise.all(
    projects.map(({ metadata }) => listObjects(kube, kindAt(resource, metadata.name))),
  );
  return lists.flatMap((each) => (each.ok ? each.value : []));
}
