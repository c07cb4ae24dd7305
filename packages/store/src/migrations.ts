/** The schema, step by step, each forward and back. A step that has been released is never changed; a new one is added at the end. */
import { type Kysely, sql } from "kysely";
import type { Migration } from "kysely/migration";

type Steps = { readonly up: readonly string[]; readonly down: readonly string[] };

/** Changes get their place in the feed while the one row of `feed_head` is locked, so in the order in which they become visible. */
const feed: Steps = {
  up: [
    `create table seam.feed_head (
       only_row boolean primary key default true check (only_row),
       sequence bigint not null
     ) with (fillfactor = 50)`,
    `insert into seam.feed_head values (true, 0)`,
    `create table seam.change (
       sequence bigint primary key,
       at timestamptz(3) not null default clock_timestamp(),
       topic text not null check (topic in ('revision', 'event', 'log', 'audit', 'benchmark')),
       project text not null,
       row_id bigint not null
     )`,
    `create index change_at on seam.change (at)`,
    `create function seam.publish(new_topic text, new_projects text[], new_row_ids bigint[])
     returns bigint language plpgsql as $$
     declare last bigint;
     begin
       update seam.feed_head set sequence = sequence + cardinality(new_row_ids) returning sequence into last;
       insert into seam.change (sequence, topic, project, row_id)
         select last - cardinality(new_row_ids) + place, new_topic, project, row_id
           from unnest(new_projects, new_row_ids) with ordinality as given (project, row_id, place);
       perform pg_notify('seam_change', last::text);
       return last;
     end $$`,
    `create table seam.retention (
       stream text primary key,
       keep_days integer check (keep_days >= least_days),
       least_days integer not null check (least_days > 0)
     )`,
    `insert into seam.retention values ('change', 7, 1)`,
  ],
  down: [
    `drop table seam.retention`,
    `drop function seam.publish`,
    `drop table seam.change`,
    `drop table seam.feed_head`,
  ],
};

const revisions: Steps = {
  up: [
    `create table seam.revision (
       id bigint generated always as identity primary key,
       project text not null,
       kind text not null,
       namespace text not null,
       name text not null,
       number bigint not null check (number > 0),
       at timestamptz(3) not null default clock_timestamp(),
       author text not null,
       object jsonb,
       diff jsonb not null,
       redacted jsonb not null,
       idempotency_key text,
       request_hash text not null,
       unique (project, kind, namespace, name, number)
     )`,
    `create unique index revision_request on seam.revision (author, idempotency_key)
       where idempotency_key is not null`,
    `create index revision_at on seam.revision (at, id)`,
    `create index revision_project_at on seam.revision (project, at, id)`,
    `create index revision_author_at on seam.revision (author, at, id)`,
    `insert into seam.retention values ('revision', null, 30)`,
  ],
  down: [`drop table seam.revision`, `delete from seam.retention where stream = 'revision'`],
};

const journal: Steps = {
  up: [
    `create table seam.journal (
       id bigint generated always as identity primary key,
       stream text not null check (stream in ('event', 'log')),
       at timestamptz(3) not null default clock_timestamp(),
       level text not null check (level in ('info', 'warning', 'error')),
       project text not null,
       source text not null,
       subject text not null,
       reason text not null,
       message text not null,
       fields jsonb not null,
       words tsvector not null generated always as
         (to_tsvector('simple', subject || ' ' || reason || ' ' || message)) stored
     )`,
    `create index journal_at on seam.journal (stream, at, id)`,
    `create index journal_project_at on seam.journal (stream, project, at, id)`,
    `create index journal_words on seam.journal using gin (words)`,
    `insert into seam.retention values ('event', 90, 1), ('log', 30, 1)`,
  ],
  down: [`drop table seam.journal`, `delete from seam.retention where stream in ('event', 'log')`],
};

/** Nobody changes a row of the audit, and it goes only when it is older than its retention, which has a floor. */
const audit: Steps = {
  up: [
    `create table seam.audit (
       id bigint generated always as identity primary key,
       at timestamptz(3) not null default clock_timestamp(),
       actor text not null,
       action text not null,
       project text not null,
       resource text not null,
       before jsonb,
       after jsonb,
       source_address inet,
       result text not null check (result in ('allowed', 'denied', 'failed')),
       reason text not null
     )`,
    `create index audit_at on seam.audit (at, id)`,
    `create index audit_project_at on seam.audit (project, at, id)`,
    `create index audit_actor_at on seam.audit (actor, at, id)`,
    `insert into seam.retention values ('audit', 400, 90)`,
    `create function seam.keep_audit() returns trigger language plpgsql as $$
     begin
       if tg_op = 'DELETE' and old.at < now() - make_interval(days =>
         (select keep_days from seam.retention where stream = 'audit')) then
         return old;
       end if;
       raise exception 'the audit is append only' using errcode = 'insufficient_privilege';
     end $$`,
    `create trigger audit_is_kept before update or delete on seam.audit
       for each row execute function seam.keep_audit()`,
    `create trigger audit_is_not_truncated before truncate on seam.audit
       for each statement execute function seam.keep_audit()`,
    `create function seam.keep_floor() returns trigger language plpgsql as $$
     begin
       if tg_op = 'UPDATE' and new.least_days = old.least_days and new.stream = old.stream then
         return new;
       end if;
       raise exception 'the least retention of the audit is fixed' using errcode = 'insufficient_privilege';
     end $$`,
    `create trigger floor_is_kept before update or delete on seam.retention
       for each row when (old.stream = 'audit') execute function seam.keep_floor()`,
  ],
  down: [
    `drop trigger floor_is_kept on seam.retention`,
    `drop function seam.keep_floor`,
    `drop table seam.audit`,
    `drop function seam.keep_audit`,
    `delete from seam.retention where stream = 'audit'`,
  ],
};

const measurements: Steps = {
  up: [
    `create table seam.benchmark (
       id bigint generated always as identity primary key,
       at timestamptz(3) not null default clock_timestamp(),
       project text not null,
       name text not null,
       author text not null,
       spec_hash text not null,
       document jsonb not null
     )`,
    `create index benchmark_at on seam.benchmark (at, id)`,
    `create index benchmark_name_at on seam.benchmark (project, name, at, id)`,
    `create table seam.rollup (
       id bigint generated always as identity primary key,
       at timestamptz(3) not null,
       metric text not null,
       labels jsonb not null,
       resolution_seconds integer not null check (resolution_seconds > 0),
       min_value double precision not null,
       max_value double precision not null,
       sum_value double precision not null,
       sample_count bigint not null check (sample_count > 0),
       unique (metric, resolution_seconds, at, labels)
     )`,
    `create index rollup_at on seam.rollup (at, id)`,
    `insert into seam.retention values ('benchmark', null, 30), ('rollup', 400, 1)`,
  ],
  down: [
    `drop table seam.rollup`,
    `drop table seam.benchmark`,
    `delete from seam.retention where stream in ('benchmark', 'rollup')`,
  ],
};

/** Who may come in: local accounts, and the hashes of what they come in with. */
const accounts: Steps = {
  up: [
    `create table seam.account (
       name text primary key,
       groups jsonb not null,
       password_hash text,
       is_disabled boolean not null default false,
       failures integer not null default 0,
       locked_until timestamptz(3),
       created_at timestamptz(3) not null default clock_timestamp()
     )`,
    `create table seam.credential (
       id bigint generated always as identity primary key,
       kind text not null check (kind in ('session', 'token')),
       account text not null references seam.account (name) on delete cascade,
       label text not null,
       secret_hash text not null unique,
       scopes jsonb not null,
       created_at timestamptz(3) not null default clock_timestamp(),
       expires_at timestamptz(3) not null,
       used_at timestamptz(3)
     )`,
    `create index credential_account on seam.credential (account, kind, id)`,
  ],
  down: [`drop table seam.credential`, `drop table seam.account`],
};

/** What is told again, as after a restart of who tells it, is kept once. Keys of none are all different. */
const journalKey: Steps = {
  up: [`alter table seam.journal add column key text unique`],
  down: [`alter table seam.journal drop column key`],
};

async function executeAll(db: Kysely<unknown>, statements: readonly string[]): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const migration = ({ up, down }: Steps): Migration => ({
  up: (db: Kysely<unknown>) => executeAll(db, up),
  down: (db: Kysely<unknown>) => executeAll(db, down),
});

/** Every step by name, in order. */
export const MIGRATIONS: Readonly<Record<string, Migration>> = {
  "0001-feed": migration(feed),
  "0002-revisions": migration(revisions),
  "0003-journal": migration(journal),
  "0004-audit": migration(audit),
  "0005-measurements": migration(measurements),
  "0006-accounts": migration(accounts),
  "0007-journal-key": migration(journalKey),
};

/** The names of all steps, in order. */
export const MIGRATION_NAMES: readonly string[] = Object.keys(MIGRATIONS);
