/** The tables as Kysely sees them: what is read, what is written. Times are kept to the millisecond, so that a `Date` holds them whole. */
import type { ColumnType, Generated } from "kysely";
import type { JsonObject, PatchStep } from "./json-patch.ts";

/** A jsonb column: written as text, read as what it says. */
type JsonColumn<T> = ColumnType<T, string, string>;
/** A time that the database sets unless told. */
type Moment = ColumnType<Date, Date | undefined, never>;

/** Every stream that has an age at which its rows go. */
export const STREAMS = [
  "revision",
  "event",
  "log",
  "audit",
  "benchmark",
  "rollup",
  "change",
] as const;
/** One of `STREAMS`. */
export type StreamName = (typeof STREAMS)[number];

/** What a change of the feed can be about. */
export type Topic = "revision" | "event" | "log" | "audit" | "benchmark";

/** Levels of events and logs. */
export type Level = "info" | "warning" | "error";

/** How an audited call ended. */
export type AuditResult = "allowed" | "denied" | "failed";

export type Tables = {
  readonly feed_head: { readonly only_row: boolean; readonly sequence: number };
  readonly change: {
    readonly sequence: number;
    readonly at: Moment;
    readonly topic: Topic;
    readonly project: string;
    readonly row_id: number;
  };
  readonly revision: {
    readonly id: Generated<number>;
    readonly project: string;
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
    readonly number: number;
    readonly at: Moment;
    readonly author: string;
    readonly object: JsonColumn<JsonObject | null> | null;
    readonly diff: JsonColumn<readonly PatchStep[]>;
    readonly redacted: JsonColumn<readonly string[]>;
    readonly idempotency_key: string | null;
    readonly request_hash: string;
  };
  readonly journal: {
    readonly id: Generated<number>;
    readonly stream: "event" | "log";
    readonly at: Moment;
    readonly level: Level;
    readonly project: string;
    readonly source: string;
    readonly subject: string;
    readonly reason: string;
    readonly message: string;
    readonly fields: JsonColumn<JsonObject>;
    readonly key: string | null;
    readonly words: ColumnType<string, never, never>;
  };
  readonly audit: {
    readonly id: Generated<number>;
    readonly at: Moment;
    readonly actor: string;
    readonly action: string;
    readonly project: string;
    readonly resource: string;
    readonly before: JsonColumn<JsonObject | null> | null;
    readonly after: JsonColumn<JsonObject | null> | null;
    readonly source_address: string | null;
    readonly result: AuditResult;
    readonly reason: string;
  };
  readonly benchmark: {
    readonly id: Generated<number>;
    readonly at: Moment;
    readonly project: string;
    readonly name: string;
    readonly author: string;
    readonly spec_hash: string;
    readonly document: JsonColumn<JsonObject>;
  };
  readonly rollup: {
    readonly id: Generated<number>;
    readonly at: ColumnType<Date, Date, never>;
    readonly metric: string;
    readonly labels: JsonColumn<{ readonly [label: string]: string }>;
    readonly resolution_seconds: number;
    readonly min_value: number;
    readonly max_value: number;
    readonly sum_value: number;
    readonly sample_count: number;
  };
  readonly account: {
    readonly name: string;
    readonly groups: JsonColumn<readonly string[]>;
    readonly password_hash: string | null;
    readonly is_disabled: Generated<boolean>;
    readonly failures: Generated<number>;
    readonly locked_until: Date | null;
    readonly created_at: Moment;
  };
  readonly credential: {
    readonly id: Generated<number>;
    readonly kind: "session" | "token";
    readonly account: string;
    readonly label: string;
    readonly secret_hash: string;
    readonly scopes: JsonColumn<readonly string[]>;
    readonly created_at: Moment;
    readonly expires_at: Date;
    readonly used_at: Date | null;
  };
  readonly retention: {
    readonly stream: StreamName;
    readonly keep_days: number | null;
    readonly least_days: number;
  };
};
