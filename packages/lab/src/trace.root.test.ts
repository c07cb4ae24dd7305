/** Two rounds of up and down, one of them cut off half-way, leave the host as it was. */
import { fork } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { afterAll, expect, test } from "vitest";

import { mustRun } from "./command.ts";
import { labDown, labReady, labStatus, labUp } from "./index.ts";
import { mountPoints } from "./node-init.ts";
import { killProcess } from "./processes.ts";

const name = "trace";
const options = {
  name,
  binFolder: process.env["SEAM_BIN"] ?? "SEAM_BIN names the folder of Go tools",
  nodes: 2,
  network: "reference",
} as const;

const programs = /^(etcd|server|kube|containerd|runc|coredns|pause|init\.sh)/;

function processes(): readonly string[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((pid) => {
      try {
        // proc(5): the name in brackets, then the state; a zombie waits only for its parent.
        const [, command = "", state] =
          /\((.*)\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? [];
        return programs.test(command) && state !== "Z" ? [`${pid} ${command}`] : [];
      } catch {
        return [];
      }
    });
}

const cgroups = (): readonly string[] =>
  readdirSync("/sys/fs/cgroup").flatMap((hierarchy) => {
    const folder = `/sys/fs/cgroup/${hierarchy}`;
    return existsSync(`${folder}/cgroup.procs`)
      ? readdirSync(folder).filter((each) => each.startsWith("seam-"))
      : [];
  });

/** All of the host that a lab could leave something in. */
async function hostState(): Promise<object> {
  const sh = async (script: string): Promise<string> => mustRun(["sh", "-c", script]);
  return {
    links: await sh("ip -o link | cut -d' ' -f2-3"),
    addresses: await sh("ip -o addr | sed 's/valid_lft.*//'"),
    routes: await sh("ip route; ip -6 route | sed 's/expires.*//'; ip rule"),
    rules: await sh("nft list ruleset"),
    namespaces: await sh("ls /run/netns 2>/dev/null; true"),
    mounts: await sh("cut -d' ' -f5 /proc/self/mountinfo | sort"),
    folders: [...mountPoints, "/var/lib/seam-lab", "/run/seam-lab"].filter((each) =>
      existsSync(each),
    ),
    cgroups: cgroups(),
    processes: processes(),
  };
}

afterAll(async () => labDown(name), 60_000);

test("a whole lab, and then one that was killed on the way up, leave nothing", async () => {
  await labDown(name);
  const before = await hostState();

  for await (const _ of labUp(options));
  for await (const _ of labReady(name));
  expect((await labStatus(name)).nodes.map(({ ready }) => ready)).toEqual([true, true]);
  expect(await hostState()).not.toEqual(before);
  await labDown(name);
  expect(await hostState()).toEqual(before);

  const program = fileURLToPath(new URL("trace.fixture.ts", import.meta.url));
  const child = fork(program, [JSON.stringify(options)], { stdio: "ignore" });
  await sleep(2500);
  if (child.pid !== undefined) killProcess(child.pid);
  for await (const _ of labUp(options));
  for await (const _ of labReady(name));
  await labDown(name);
  expect(await hostState()).toEqual(before);
}, 180_000);
