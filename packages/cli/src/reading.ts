/** `seam get` and `seam describe`: looking at objects. */
import {
  fromKube,
  itemsOf,
  type KnownKind,
  listObjects,
  nameOf,
  type Seam,
  textOf,
} from "@seam/client";
import type { KindRef, KubeObject, ObjectRef } from "@seam/kube";
import { Argument, type Command, Option } from "commander";
import { describeObject, type Format, objectTable, structured } from "./render.ts";
import { fail, kindArgument, print, type Target, withSeam, withTarget } from "./session.ts";

type GetOptions = Target & { readonly output: Format; readonly allNamespaces?: boolean };

/** KIND as an argument: kind, plural or short name. */
export const kind = (): Argument =>
  new Argument("<kind>", "kind, plural or short name, such as experiment, projects, exp").argParser(
    kindArgument,
  );

/** A reference to one object, in the namespace of the session when its kind has one. */
export function refIn(seam: Seam, known: KnownKind, name: string): ObjectRef {
  const ref = { apiVersion: known.apiVersion, kind: known.kind, name };
  return known.namespaced ? { ...ref, namespace: seam.namespace } : ref;
}

async function get(known: KnownKind, name: string | undefined, options: GetOptions): Promise<void> {
  await withSeam(options, async (seam) => {
    const objects =
      name === undefined
        ? await listObjects(seam.kube, scope(seam, known, options))
        : await one(seam, known, name);
    if (!objects.ok) {
      fail(objects.error);
      return;
    }
    const namespaces = known.namespaced && options.allNamespaces === true;
    if (options.output !== "table") {
      print(structured(objects.value, options.output, name !== undefined));
    } else if (objects.value.length === 0) {
      const where = known.namespaced && !namespaces ? ` in namespace ${seam.namespace}` : "";
      process.stderr.write(`no ${known.plural}${where}\n`);
    } else {
      print(objectTable(objects.value, { now: Date.now(), namespaces }));
    }
  });
}

function scope(seam: Seam, known: KnownKind, options: GetOptions): KindRef {
  const ref = { apiVersion: known.apiVersion, kind: known.kind };
  const everywhere = !known.namespaced || options.allNamespaces === true;
  return everywhere ? ref : { ...ref, namespace: seam.namespace };
}

async function one(seam: Seam, known: KnownKind, name: string): ReturnType<typeof listObjects> {
  const ref = refIn(seam, known, name);
  const found = await seam.kube.get(ref);
  return found.ok
    ? { ok: true, value: [found.value] }
    : { ok: false, error: fromKube(`get ${nameOf(ref)}`, found.error) };
}

async function describe(known: KnownKind, name: string, options: Target): Promise<void> {
  await withSeam(options, async (seam) => {
    const found = await one(seam, known, name);
    if (!found.ok) {
      fail(found.error);
      return;
    }
    for (const object of found.value) {
      print(describeObject(object, await eventsAbout(seam, object), Date.now()));
    }
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

/** Adds `get` and `describe` to the program. */
export function addReadingCommands(program: Command): void {
  withTarget(program.command("get").description("list objects, or show one"))
    .addArgument(kind())
    .argument("[name]", "one object")
    .addOption(
      new Option("-o, --output <format>", "how to print")
        .choices(["table", "json", "yaml", "name"])
        .default("table"),
    )
    .option("-A, --all-namespaces", "of all namespaces")
    .action(get);
  withTarget(program.command("describe").description("spec, status, conditions and events"))
    .addArgument(kind())
    .argument("<name>", "the object")
    .action(describe);
}
