/** Each image built by buildah from the same definition has the files and the configuration of our archive. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import path from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { mustRun } from "./command.ts";
import { labImage, writeBuildContext } from "./images.ts";

const toolsFolder = process.env["SEAM_BIN"] ?? "SEAM_BIN names the folder of Go tools";
const e2eFolder =
  process.env["SEAM_E2E_BIN"] ?? "SEAM_E2E_BIN names the folder of upstream's tests";
const folder = mkdtempSync("/tmp/seam-test-images-");
const storage = [
  "--root",
  `${folder}/root`,
  "--runroot",
  `${folder}/run`,
  "--storage-driver",
  "vfs",
];

const buildah = async (...argv: readonly string[]): Promise<string> =>
  mustRun(["buildah", ...storage, ...argv]);

beforeAll(() => mkdirSync(path.join(folder, "context")));
afterAll(async () => {
  await buildah("rm", "--all");
  rmSync(folder, { recursive: true, force: true });
});

/** `MODE NAME -> TARGET` of everything below a folder. */
const filesBelow = async (root: string): Promise<readonly string[]> =>
  (await mustRun(["find", root, "-mindepth", "1", "-printf", "%M %s %P -> %l\\n"]))
    .split("\n")
    .map((line) => (line.startsWith("d") ? line.replace(/^(\S+) \d+/, "$1") : line))
    .sort();

const at = (value: unknown, ...keys: readonly string[]): unknown =>
  keys.reduce(
    (inner, key) =>
      typeof inner === "object" && inner !== null ? Reflect.get(inner, key) : undefined,
    value,
  );

test.each(["pause", "coredns", "traffic", "seam", "agnhost"] as const)("%s", async (name) => {
  const binFolder = name === "agnhost" ? e2eFolder : toolsFolder;
  const context = path.join(folder, "context", name);
  mkdirSync(path.join(context, ".work"), { recursive: true });
  await writeBuildContext(name, binFolder, context);
  await buildah(
    "bud",
    "--isolation",
    "chroot",
    "--tag",
    `test-${name}`,
    "-f",
    `${context}/Containerfile`,
    context,
  );
  const built: unknown = JSON.parse(await buildah("inspect", "--type", "image", `test-${name}`));
  const container = (await buildah("from", `test-${name}`)).trim();
  const mounted = (await buildah("mount", container)).trim();

  const { archive } = await labImage(name, binFolder);
  const ours = path.join(folder, `${name}-ours`);
  mkdirSync(path.join(ours, "rootfs"), { recursive: true });
  await mustRun(["tar", "-C", ours, "-xf", archive]);
  await mustRun(["tar", "-C", `${ours}/rootfs`, "-xf", `${ours}/layer.tar`]);
  const config: unknown = JSON.parse(await mustRun(["cat", `${ours}/config.json`]));

  expect((await filesBelow(`${ours}/rootfs`)).length).toBeGreaterThan(1);
  expect(await filesBelow(mounted)).toEqual(await filesBelow(`${ours}/rootfs`));
  for (const key of ["Entrypoint", "Cmd"])
    expect(at(config, "config", key) ?? null).toEqual(at(built, "OCIv1", "config", key) ?? null);
  const environment = at(config, "config", "Env");
  // buildah adds a PATH where there is none.
  expect(at(built, "OCIv1", "config", "Env") ?? []).toEqual(
    expect.arrayContaining(Array.isArray(environment) ? environment : []),
  );
});
