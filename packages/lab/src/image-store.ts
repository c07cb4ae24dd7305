/**
 * What containerd has on its disk after it was given some images, made once and kept in the cache. A node that starts with it need not
 * import them: what containerd never changes, contents and unpacked layers, is shared by hard links, and with it the page cache;
 * its records are copied.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";

import { cacheFolder } from "./cache.ts";
import { mustRun, run } from "./command.ts";
import { waitUntil } from "./processes.ts";

/** Each is as large as its images and their layers together, and a changed source makes another. */
const STORES_KEPT = 3;

/** Containerd's records, below its root. */
const RECORDS = "io.containerd.metadata.v1.bolt/meta.db";

/** Where images come from: archives whose names say what is in them, and the programs that import them. */
type Images = { readonly binFolder: string; readonly archives: readonly string[] };

/** Gives a node's containerd the images, as if it had imported them; says whether it was empty until then. */
export async function fillImageStore(root: string, images: Images): Promise<boolean> {
  if (existsSync(path.join(root, RECORDS))) return false;
  const store = await imageStore(images);
  const shared = await run(["cp", "-al", `${store}/.`, root]);
  // Another file system.
  if (shared.code !== 0) await mustRun(["cp", "-a", "--remove-destination", `${store}/.`, root]);
  for (const file of globSync("**/*.db", { cwd: store }))
    await mustRun(["cp", "-a", "--remove-destination", `${store}/${file}`, `${root}/${file}`]);
  return true;
}

/** The folder with the images, filled when it is not there. */
async function imageStore({ binFolder, archives }: Images): Promise<string> {
  const names = archives.map((archive) => path.basename(archive));
  const key = createHash("sha256")
    .update([binFolder, ...names].join("\n"))
    .digest("hex");
  const folder = path.join(cacheFolder(), "image-stores");
  const store = path.join(folder, key.slice(0, 12));
  if (!existsSync(store)) {
    mkdirSync(folder, { recursive: true });
    const work = mkdtempSync(path.join(folder, ".new-"));
    try {
      await importInto(path.join(work, "root"), { binFolder, archives });
      // Whoever made it meanwhile made the same.
      if (!existsSync(store)) renameSync(path.join(work, "root"), store);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
    removeOld(folder);
  }
  utimesSync(store, new Date(), new Date());
  return store;
}

/** Runs a containerd of its own, in mounts of its own, until it has imported all. */
async function importInto(root: string, { binFolder, archives }: Images): Promise<void> {
  const state = mkdtempSync("/tmp/seam-image-store-");
  const [socket, config] = [`${state}/containerd.sock`, `${state}/config.toml`];
  writeFileSync(config, standaloneConfig(root, state));
  const argv = ["--mount", "--", `${binFolder}/containerd`, "--config", config];
  const containerd = spawn("unshare", argv, { stdio: "ignore" });
  const ended = once(containerd, "exit");
  const ctr = [`${binFolder}/ctr`, "--address", socket, "--namespace", "k8s.io"];
  try {
    const answers = async (): Promise<boolean> => (await run([...ctr, "version"])).code === 0;
    await waitUntil("the containerd that imports images", 30, answers);
    for (const archive of archives) await mustRun([...ctr, "images", "import", archive]);
  } finally {
    containerd.kill("SIGTERM");
    await ended;
    rmSync(state, { recursive: true, force: true });
  }
  // Of each containerd its own.
  rmSync(path.join(root, "io.containerd.grpc.v1.introspection"), { recursive: true, force: true });
}

const standaloneConfig = (root: string, state: string): string => `version = 3
root = "${root}"
state = "${state}/run"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime"]
[grpc]
  address = "${state}/containerd.sock"
`;

function removeOld(folder: string): void {
  const stores = readdirSync(folder)
    .filter((name) => !name.startsWith("."))
    .map((name) => path.join(folder, name))
    .toSorted((one, other) => statSync(other).mtimeMs - statSync(one).mtimeMs);
  for (const store of stores.slice(STORES_KEPT)) rmSync(store, { recursive: true, force: true });
}
