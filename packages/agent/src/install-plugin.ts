/**
 * Puts the shim and its configuration where the container runtime looks. Both appear by rename, so that the
 * runtime never executes or reads half a file; the configuration comes last and makes the node Ready.
 */
import {
  copyFileSync,
  chmodSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";

/** Folders of the container runtime, and the shim to install. */
export type PluginPlaces = {
  readonly shim: string;
  readonly binFolder: string;
  readonly confFolder: string;
};

const PLUGIN = "seam-cni";
const CONFLIST = "05-seam.conflist";

const conflist = `${JSON.stringify(
  {
    cniVersion: "1.1.0",
    name: "seam",
    plugins: [{ type: PLUGIN, capabilities: { portMappings: true, ips: true, mac: true } }],
  },
  undefined,
  2,
)}\n`;

/** Installs what differs from what is there; whether anything did. */
export function installPlugin({ shim, binFolder, confFolder }: PluginPlaces): boolean {
  mkdirSync(binFolder, { recursive: true });
  mkdirSync(confFolder, { recursive: true });
  const binary = path.join(binFolder, PLUGIN);
  const isNew = !sameContent(shim, binary);
  if (isNew) {
    replace(binary, (unfinished) => {
      copyFileSync(shim, unfinished);
      chmodSync(unfinished, 0o755);
    });
  }
  const config = path.join(confFolder, CONFLIST);
  if (readOrNull(config)?.toString() === conflist) return isNew;
  replace(config, (unfinished) => writeFileSync(unfinished, conflist));
  return true;
}

/** Takes it out again. The configuration goes first: without the shim it would fail every pod. */
export function removePlugin({ binFolder, confFolder }: Omit<PluginPlaces, "shim">): void {
  rmSync(path.join(confFolder, CONFLIST), { force: true });
  rmSync(path.join(binFolder, PLUGIN), { force: true });
}

function replace(target: string, write: (unfinished: string) => void): void {
  // A leading dot and another suffix: no runtime takes it for a configuration.
  const unfinished = path.join(path.dirname(target), `.${path.basename(target)}.new`);
  try {
    write(unfinished);
    renameSync(unfinished, target);
  } finally {
    rmSync(unfinished, { force: true });
  }
}

const sameContent = (left: string, right: string): boolean =>
  readOrNull(right)?.equals(readFileSync(left)) === true;

function readOrNull(file: string): Buffer | null {
  try {
    return readFileSync(file);
  } catch {
    return null;
  }
}
