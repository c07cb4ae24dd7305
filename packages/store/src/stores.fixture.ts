/** Stores for tests: one of each kind, made empty. */
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Result } from "@seam/base";
import type { StoreError } from "./error.ts";
import type { JsonObject } from "./json-patch.ts";
import type { NewEntry } from "./journal.ts";
import type { NewRevision } from "./revisions.ts";
import { openStore, type Store, type StoreSettings } from "./store.ts";

/** The value of a call that must succeed. */
export function must<T>(outcome: Result<T, StoreError>): T {
  if (outcome.ok) return outcome.value;
  throw new Error(`${outcome.error.code}: ${outcome.error.message}`);
}

/** The error of a call that must fail, as `code: message`. */
export function mustFail(outcome: Result<unknown, StoreError>): string {
  if (outcome.ok) throw new Error(`succeeded: ${JSON.stringify(outcome.value)}`);
  return `${outcome.error.code}: ${outcome.error.message}`;
}

/** An empty directory that the embedded database's user may pass. */
export function newDirectory(): string {
  const directory = mkdtempSync(path.join(tmpdir(), "seam-test-store-"));
  chmodSync(directory, 0o755);
  return directory;
}

/** Deletes a directory of `newDirectory`. */
export const removeDirectory = (directory: string): void => {
  rmSync(directory, { recursive: true, force: true });
};

/** A store with tables and nothing in them. */
export async function openMigrated(settings: StoreSettings): Promise<Store> {
  const store = must(await openStore(settings));
  must(await store.schema.migrate());
  return store;
}

/** The database of a store, as pg names it; for what the store's own doors refuse. */
export const socketOf = (directory: string): string =>
  `postgres://seam@/postgres?host=${directory}/run`;

/** A revision of an experiment. */
export const revision = (name: string, more: Partial<NewRevision> = {}): NewRevision => ({
  project: "first",
  kind: "Experiment",
  namespace: "first",
  name,
  author: "ada",
  object: experiment(name, 1),
  expected: null,
  ...more,
});

/** An experiment of some replicas. */
export const experiment = (name: string, replicas: number): JsonObject => ({
  apiVersion: "seam.ucsd.edu/v1alpha1",
  kind: "Experiment",
  metadata: { name, namespace: "first" },
  spec: { replicas },
});

/** A line of a log. */
export const logLine = (message: string, more: Partial<NewEntry> = {}): NewEntry => ({
  stream: "log",
  level: "info",
  project: "first",
  source: "seam-agent/n1",
  subject: "",
  reason: "",
  message,
  fields: {},
  ...more,
});
