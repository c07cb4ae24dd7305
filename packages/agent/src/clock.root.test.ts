/**
 * A clock that jumps: a library that is loaded before libc moves the time of day of a real process, ten years ahead
 * and thirty back, while it gives addresses, checks them, forgets them and is started anew. Timers are libuv's, which are
 * monotonic by themselves.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterAll, expect, test } from "vitest";

import { run, useTestNode } from "./node.fixture.ts";
import { devices, withPods } from "./specification.fixture.ts";

useTestNode();
const folder = mkdtempSync(path.join(tmpdir(), "seam-test-clock-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Adds CLOCK_SHIFT seconds; libuv sets variables of process.env in the C environment as well. */
const movedClock = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
static time_t shift(void) { const char *text = getenv("CLOCK_SHIFT"); return text ? atol(text) : 0; }
int clock_gettime(clockid_t id, struct timespec *now) {
  int (*real)(clockid_t, struct timespec *) = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
  int result = real(id, now);
  if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE) now->tv_sec += shift();
  return result;
}
int gettimeofday(struct timeval *now, void *zone) {
  int (*real)(struct timeval *, void *) = (int (*)(struct timeval *, void *))dlsym(RTLD_NEXT, "gettimeofday");
  int result = real(now, zone);
  now->tv_sec += shift();
  return result;
}
time_t time(time_t *now) {
  struct timespec got;
  clock_gettime(CLOCK_REALTIME, &got);
  if (now) *now = got.tv_sec;
  return got.tv_sec;
}`;

const agent = `
const [, folder, source] = process.argv;
const { adoptInterfaces } = await import(source + "/adopt.ts");
const { handleCni } = await import(source + "/cni.ts");
const { openStore } = await import(source + "/store.ts");
const { parseCidr } = await import("@seam/base");
let store = openStore(folder + "/agent.db");
const years = [];
const jump = (count) => {
  process.env.CLOCK_SHIFT = String(count * 365 * 86400);
  years.push(new Date().getFullYear());
};
const podCidrs = [parseCidr("10.244.7.0/24").value];
const node = () => ({ store, podCidrs: () => podCidrs, mtu: () => 1400, changed: () => {} });
const call = (command, id, prevResult) => {
  const pairs = { CONTAINERID: id, IFNAME: "eth0", NETNS: "/run/netns/seam-test-pod-" + id };
  const config = { cniVersion: "1.1.0", name: "seam", ...(prevResult && { prevResult }) };
  const answer = handleCni(node(), { command, environment: new Map(Object.entries(pairs)), config });
  if (!answer.ok) throw new Error(JSON.stringify(answer.error));
  return answer.value;
};
const restart = () => {
  store[Symbol.dispose]();
  store = openStore(folder + "/agent.db");
  if (!adoptInterfaces(store).ok) throw new Error("not adopted");
};
const results = [];
for (const [id, shift] of [["p1", 0], ["p2", 10], ["p3", -30]]) {
  jump(shift);
  restart();
  results.push([id, call("ADD", id)]);
  for (const [each, result] of results) call("CHECK", each, result);
}
const addresses = results.map(([, { ips }]) => ips[0].address);
call("DEL", "p1");
restart();
addresses.push(call("ADD", "p1").ips[0].address);
for (const [id] of results) call("DEL", id);
const left = store.attachments().length;
console.log(JSON.stringify({ years, addresses, left }));
process.exit(0);
`;

test("addresses and records do not depend on the time of day", async () => {
  const library = path.join(folder, "moved-clock.so");
  writeFileSync(path.join(folder, "moved-clock.c"), movedClock);
  run("gcc", "-shared", "-fPIC", "-o", library, path.join(folder, "moved-clock.c"), "-ldl");
  await withPods(["p1", "p2", "p3"], () => {
    const output = execFileSync(
      process.execPath,
      ["--input-type=module", "-e", agent, folder, import.meta.dirname],
      {
        encoding: "utf8",
        cwd: import.meta.dirname,
        env: { ...process.env, LD_PRELOAD: library },
      },
    );
    const now = new Date().getFullYear();
    const said: unknown = JSON.parse(output);
    expect(said).toEqual({
      years: [now, now + 10, now - 30].map((year) =>
        expect.toSatisfy((found: number) => Math.abs(found - year) <= 1),
      ),
      addresses: ["10.244.7.1/32", "10.244.7.2/32", "10.244.7.3/32", "10.244.7.4/32"],
      left: 0,
    });
    expect(devices()).toEqual([]);
  });
});
