/** Faults that a real API server shows rarely, from a small store with the same interface. */
import { err, millis, ok } from "@seam/base";
import { expect, test } from "vitest";
import type { KubeClient } from "./client.ts";
import { apiError, transportError } from "./error.ts";
import { startReflector } from "./reflector.ts";

const item = (name: string, resourceVersion: string) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, resourceVersion },
});

test("410 Gone leads to a new list, failed lists are repeated, and what vanished is told once", async () => {
  const lists = [
    err(transportError(new Error("refused"))),
    ok({ items: [item("a", "1"), item("b", "2")], resourceVersion: "2", next: null }),
    err(apiError(500, "not now")),
    ok({ items: [item("b", "2"), item("c", "7")], resourceVersion: "7", next: null }),
  ];
  const asked: string[] = [];
  const client: Pick<KubeClient, "list" | "watch"> = {
    list: async () => lists.shift() ?? err(apiError(500, "no more")),
    watch: async (_, query, onEvent) => {
      asked.push(query.resourceVersion);
      if (asked.length === 1) {
        onEvent({ type: "BOOKMARK", object: { kind: "Pod", metadata: { resourceVersion: "5" } } });
        return ok(undefined);
      }
      if (asked.length === 2)
        onEvent({ type: "ERROR", object: { code: 410, reason: "Expired", message: "too old" } });
      else await new Promise((resolve) => query.signal.addEventListener("abort", resolve));
      return ok(undefined);
    },
  };
  const told: string[] = [];
  const versions: (string | null)[] = [];
  await using copy = startReflector({
    client,
    ref: { apiVersion: "v1", kind: "Pod" },
    longestWait: millis(5),
    project: (object) => object.metadata.name,
    onChange: (change) => {
      told.push(`${change.kind} ${change.key}`);
      versions.push(change.version);
      throw new Error("a handler that fails");
    },
  });
  await copy.synced;
  await expect.poll(() => asked).toEqual(["2", "5", "7"]);
  expect(told).toEqual(["set a", "set b", "set c", "deleted a"]);
  expect(versions).toEqual(["1", "2", "7", null]);
  expect(copy.version()).toBe("7");
  expect(copy.entries().map(([key]) => key)).toEqual(["b", "c"]);
});

test("who reduces an object is told what is kept of it", async () => {
  const client: Pick<KubeClient, "list" | "watch"> = {
    list: async () => ok({ items: [item("a", "1")], resourceVersion: "1", next: null }),
    watch: async (_, query, onEvent) => {
      for (const version of ["2", "2", "3"])
        onEvent({ type: "MODIFIED", object: item("a", version) });
      await new Promise((resolve) => query.signal.addEventListener("abort", resolve));
      return ok(undefined);
    },
  };
  const pods = { apiVersion: "v1", kind: "Pod" };
  await using copy = startReflector<string>({
    client,
    ref: pods,
    project: ({ metadata }, before = "nothing") => `${before}, ${metadata.resourceVersion}`,
  });
  await copy.synced;
  await expect.poll(() => copy.get("a")).toBe("nothing, 1, 2, 3");
});
