/** All that talks to PostgreSQL: revisions, events and logs, audit, results, and a feed of changes (S13). */
export type { Account, AccountChange, Accounts, NewAccount } from "./accounts.ts";
export type { Audit, AuditEntry, Audited, AuditFilter } from "./audit.ts";
export type { Backups, Copied } from "./backup.ts";
export type { Benchmark, BenchmarkFilter, Benchmarks, NewBenchmark } from "./benchmarks.ts";
export type {
  Bearer,
  Credential,
  CredentialKind,
  Credentials,
  NewCredential,
} from "./credentials.ts";
export type { EmbeddedSettings } from "./embedded.ts";
export type { Outcome, StoreError, StoreErrorCode } from "./error.ts";
export type { Change, Feed, FollowRequest } from "./feed.ts";
export type { Entry, EntryFilter, Journal, NewEntry } from "./journal.ts";
export type { Json, JsonObject, PatchStep } from "./json-patch.ts";
export type { Migrated, Schema, SchemaStatus } from "./migrate.ts";
export type { Page, PageRequest } from "./page.ts";
export type { Policy, Retention } from "./retention.ts";
export type {
  NewRevision,
  ObjectName,
  Put,
  RestoreCandidate,
  Revision,
  RevisionFilter,
  Revisions,
  RevisionSort,
} from "./revisions.ts";
export type { Rollup, RollupFilter, Rollups } from "./rollups.ts";
export { type Health, openStore, type Store, type StoreSettings } from "./store.ts";
export type { AuditResult, Level, StreamName, Topic } from "./tables.ts";
export { checkBackup } from "./snapshot-file.ts";
