/** Tables that run (specification 1.2.5, section 14.2): keys, rows, default actions, direct externs. */
import { err, ok, type Result } from "@seam/base";
import { DIRECT_PROPERTIES, pathIn, saidBy } from "../eval/instances.ts";
import type { Action, BoundAction, Keyset, Table, TableAction } from "../ir/declaration.ts";
import type { ActionCall, Match, TableEntry, TableShape } from "../stf/switch.ts";
import type { Compiler, DirectRow, ExternObject, TableRuntime } from "./machine.ts";
import {
  type Finder,
  finderOf,
  keyPart,
  type KeyPart,
  keyWidth,
  matchesText,
  prefixMask,
  type Row,
} from "./matching.ts";
import { idleTimers, type IdleTimers } from "./idle.ts";
import { matchKindOf } from "./match-kinds.ts";
import { initial, numberOf, plainType, scalarOf, type Value } from "./value.ts";

/** A row with what it runs. */
type Entry = Row & DirectRow & { readonly isConst: boolean; readonly run: Ran };

/** An action that is ready to run, with its values. */
type Ran = { readonly name: string; readonly id: number; readonly run: () => void };

/** A table for programs and for the control plane. */
export type RunningTable = TableRuntime & {
  readonly shape: TableShape;
  readonly add: (entry: TableEntry) => Result<number, string>;
  readonly setDefault: (action: ActionCall) => Result<void, string>;
  readonly clear: () => void;
  /** Looks for entries whose time is over; undefined when none of the table ever times out. */
  readonly expire?: () => void;
};

type Context = { readonly compiler: Compiler; readonly errors: readonly string[] };

/** Parameters that the control plane sets. */
const dataParameters = ({ action, arguments: bound }: TableAction): Action["parameters"] =>
  action.parameters.filter(
    (parameter) => !bound.some((each) => each.parameter.id === parameter.id),
  );

/** What rows are matched by: keys of a selector are only for its hash (v1model.p4, action_selector). */
const keysOf = ({ keys }: Table): Table["keys"] =>
  keys.filter(({ matchKind }) => matchKind !== "selector");

function shapeOf(table: Table, compiler: Compiler): TableShape {
  return {
    name: pathIn(compiler.block, table),
    keys: keysOf(table).map(({ expression, keyName, matchKind }) => ({
      name: keyName,
      width: keyWidth(expression.type),
      match: matchKindOf(matchKind),
    })),
    actions: table.actions.map((each) => ({
      name: pathIn(compiler.block, each.action),
      parameters: dataParameters(each).map(({ name, type }) => ({ name, width: keyWidth(type) })),
    })),
  };
}

/** A number of the control plane as a value of a type. */
function dataValue(value: bigint, type: Action["parameters"][number]["type"]): Value {
  const scalar = scalarOf(type);
  if (scalar !== undefined) return numberOf(value, scalar);
  const plain = plainType(type);
  if (plain.kind === "bool") return value !== 0n;
  return plain.kind === "enum" ? (plain.members[Number(value)] ?? "") : initial(type);
}

/** An action with the arguments that the program binds, and values of the control plane for the parameters that are left. */
const ranOf = (
  { action, arguments: bound }: BoundAction,
  data: readonly Value[],
  compiler: Compiler,
): Ran => ({
  name: pathIn(compiler.block, action),
  id: action.id,
  run: compiler.action({ action, arguments: bound, data }),
});

function bind(table: Table, { name, args }: ActionCall, compiler: Compiler): Result<Ran, string> {
  const found = table.actions.find((each) => pathIn(compiler.block, each.action) === name);
  if (found === undefined) return err(`table ${table.name} has no action ${name}`);
  const data = dataParameters(found).map(({ type }, index) => dataValue(args[index] ?? 0n, type));
  return ok(ranOf(found, data, compiler));
}

/** A keyset of the program as a match. */
function matchOf(keyset: Keyset, part: (value: Value) => KeyPart, compiler: Compiler): Match {
  const value = (expression: Parameters<Compiler["constant"]>[0]): bigint =>
    BigInt(part(compiler.constant(expression)));
  switch (keyset.kind) {
    case "any":
    case "value set":
      return { kind: "any" };
    case "value":
      return { kind: "exact", value: value(keyset.value) };
    case "mask":
      return { kind: "ternary", value: value(keyset.value), mask: value(keyset.mask) };
    case "range":
      return { kind: "range", first: value(keyset.first), last: value(keyset.last) };
  }
}

/** An entry's mask on an lpm key as a prefix, so that the longest wins. */
function asPrefix(match: Match, width: number): Match {
  if (match.kind === "any") return { kind: "lpm", value: 0n, prefixBits: 0 };
  if (match.kind === "exact") return { kind: "lpm", value: match.value, prefixBits: width };
  if (match.kind !== "ternary") return match;
  for (let prefixBits = 0; prefixBits <= width; prefixBits += 1) {
    if (prefixMask(prefixBits, width) === match.mask) {
      return { kind: "lpm", value: match.value, prefixBits };
    }
  }
  return match;
}

/** The rows of a table, and how one is found; the finder is made when a packet first needs it. */
type Rows = {
  entries: Entry[];
  finder: Finder<Entry> | undefined;
  next: number;
  /** What the rows are matched by, with their ranks where these matter. */
  readonly known: Set<string>;
};

/** The priority of an old annotation: a smaller number wins. */
const annotated = ({ annotations }: Table["entries"][number]): number | undefined => {
  const priority = annotations.find(({ name }) => name === "priority");
  return priority === undefined ? undefined : Number(priority.tokens.join(""));
};

/**
 * How entries of the program rank: by their priorities or, as in p4c's BMv2 back end, by the annotation `@priority` where a table has any;
 * entries without one count from 1.
 */
function ranksOf({ entries, largestPriorityWins }: Table): readonly number[] {
  const said = entries.map(annotated);
  if (said.some((priority) => priority !== undefined)) {
    return said.map((priority, index) => -(priority ?? index + 1));
  }
  return entries.map(({ priority }, index) => {
    if (priority === undefined) return -index;
    return largestPriorityWins ? Number(priority) : -Number(priority);
  });
}

function programRows(table: Table, shape: TableShape, { compiler, errors }: Context): Entry[] {
  const parts = keysOf(table).map(({ expression }) => keyPart(expression.type, errors));
  const ranks = ranksOf(table);
  return table.entries.map((entry, index): Entry => {
    const keysets = entry.keys.filter((_, place) => table.keys[place]?.matchKind !== "selector");
    const matches = keysets.map((keyset, place) => {
      const match = matchOf(keyset, parts[place] ?? Number, compiler);
      const key = shape.keys[place];
      return key?.match === "lpm" ? asPrefix(match, key.width) : match;
    });
    return {
      matches,
      handle: index,
      rank: ranks[index] ?? -index,
      isConst: entry.isConst || table.areEntriesConst,
      run: ranOf(entry.action, [], compiler),
    };
  });
}

/** Direct counters and meters of a table. */
const directObjects = (table: Table, compiler: Compiler): readonly ExternObject[] =>
  saidBy(table, DIRECT_PROPERTIES).flatMap((value) => compiler.object(value) ?? []);

/** Kinds of match whose rows are ordered by priority. */
const hasPriorities = ({ keys }: TableShape): boolean =>
  keys.some(({ match }) => match === "ternary" || match === "range" || match === "optional");

function defaultOf(table: Table, compiler: Compiler): Ran | undefined {
  const { defaultAction } = table;
  return defaultAction === undefined ? undefined : ranOf(defaultAction, [], compiler);
}

function pushRow(rows: Rows, row: Omit<Entry, "handle">): number {
  const handle = rows.next;
  rows.next += 1;
  const entry = { ...row, handle };
  rows.entries.push(entry);
  if (rows.finder?.add === undefined) rows.finder = undefined;
  else rows.finder.add(entry);
  return handle;
}

/** What no two rows of a table have alike. */
const rowText = (row: Row, shape: TableShape): string =>
  hasPriorities(shape) ? `${row.rank}: ${matchesText(row)}` : matchesText(row);

function addRow(
  { state: { rows, timers }, shape, table }: Parts,
  entry: TableEntry,
  compiler: Compiler,
): Result<number, string> {
  if (table.areEntriesConst) return err(`the entries of table ${shape.name} are constant`);
  const ran = bind(table, entry.action, compiler);
  if (!ran.ok) return ran;
  const row = {
    matches: entry.matches,
    rank: entry.priority,
    isConst: false,
    run: ran.value,
  };
  if (entry.idleMicroseconds !== undefined && timers === undefined) {
    return err(`the entries of table ${shape.name} have no idle time-out`);
  }
  const text = rowText(row, shape);
  if (rows.known.has(text)) return err(`table ${shape.name} has an entry of this key already`);
  rows.known.add(text);
  const handle = pushRow(rows, row);
  if (entry.idleMicroseconds !== undefined) timers?.start(handle, entry.idleMicroseconds);
  return ok(handle);
}

/** What is told of a look-up when somebody follows the packet. */
function tell(
  { machine }: Compiler,
  name: string,
  found: {
    readonly key: readonly KeyPart[];
    readonly row?: Entry | undefined;
    readonly ran?: Ran | undefined;
  },
): void {
  machine.trace?.({
    kind: "table",
    table: name,
    key: found.key.map((part) => `0x${part.toString(16)}`),
    isHit: found.row !== undefined,
    action: found.ran?.name,
  });
}

/** Reads the parts of a key. */
function keyReader(table: Table, { compiler, errors }: Context): () => readonly KeyPart[] {
  const runs = keysOf(table).map(({ expression }) => {
    const [run, part] = [compiler.expression(expression), keyPart(expression.type, errors)];
    return () => part(run());
  });
  return () => runs.map((run) => run());
}

/** What of a table changes: its rows, its default action, the key that missed last. */
type TableState = {
  readonly rows: Rows;
  readonly timers: IdleTimers | undefined;
  otherwise: Ran | undefined;
  missed: readonly KeyPart[];
  /** The handle of the entry that matched or was added last. */
  current: number;
};

type Parts = {
  readonly table: Table;
  readonly shape: TableShape;
  readonly state: TableState;
  readonly compiler: Compiler;
};

/** Removes the other rows. */
function keepRows({ state: { rows }, shape }: Parts, isKept: (entry: Entry) => boolean): void {
  rows.entries = rows.entries.filter(isKept);
  rows.finder = undefined;
  rows.known.clear();
  for (const row of rows.entries) rows.known.add(rowText(row, shape));
}

/** Does what the table says with the entries whose time is over. */
function expiring(parts: Parts, timers: IdleTimers): () => void {
  const { shape, compiler } = parts;
  const { machine } = compiler;
  return () => {
    const handles = timers.over();
    if (handles.length === 0) return;
    if (timers.fate === "delete") keepRows(parts, ({ handle }) => !handles.includes(handle));
    for (const handle of handles) {
      machine.trace?.({ kind: "note", text: `entry ${handle} of table ${shape.name} was idle` });
      if (timers.fate === "notify") {
        machine.notifications.push({ kind: "idle", table: shape.name, handle });
      }
    }
  };
}

/** What the control plane and programs do to a table. */
function changesOf(
  parts: Parts,
): Pick<RunningTable, "add" | "addMissed" | "restartTimer" | "setDefault" | "clear"> {
  const { table, shape, state, compiler } = parts;
  const { rows, timers } = state;
  return {
    add: (entry) => addRow(parts, entry, compiler),
    restartTimer: (forMicroseconds) => {
      if (forMicroseconds === undefined) timers?.restart(state.current);
      else timers?.start(state.current, forMicroseconds);
    },
    addMissed: (name, data, expireMicroseconds) => {
      const bound = table.actions.find(({ action }) => action.name === name);
      if (bound === undefined) return false;
      state.current = pushRow(rows, {
        matches: state.missed.map((part) => ({ kind: "exact", value: BigInt(part) })),
        rank: 0,
        isConst: false,
        run: ranOf(bound, data, compiler),
      });
      if (expireMicroseconds !== undefined) timers?.start(state.current, expireMicroseconds);
      return true;
    },
    setDefault: (action) => {
      if (table.defaultAction?.isConst === true) {
        return err(`the default action of table ${shape.name} is constant`);
      }
      const ran = bind(table, action, compiler);
      if (!ran.ok) return ran;
      state.otherwise = ran.value;
      return ok(undefined);
    },
    clear: () => {
      keepRows(parts, ({ isConst }) => isConst);
      timers?.clear();
    },
  };
}

/** Keeps what actions may ask for: the key that missed, or the entry that matched. */
function remember(state: TableState, key: readonly KeyPart[], row: Entry | undefined): void {
  if (row === undefined) {
    state.missed = key;
    return;
  }
  state.current = row.handle;
  state.timers?.matched(row.handle);
}

/** The table of an instance. */
export function compileTable(table: Table, context: Context): RunningTable {
  const { compiler } = context;
  const { machine } = compiler;
  const shape = shapeOf(table, compiler);
  const widths = shape.keys.map(({ width }) => width);
  const entries = programRows(table, shape, context);
  const rows: Rows = {
    entries,
    finder: undefined,
    next: entries.length,
    known: new Set(entries.map((row) => rowText(row, shape))),
  };
  const timers = idleTimers(table, () => machine.now);
  const otherwise = defaultOf(table, compiler);
  const state: TableState = { rows, timers, otherwise, missed: [], current: -1 };
  const direct = directObjects(table, compiler);
  const readKey = keyReader(table, context);
  const isOrdered = hasPriorities(shape);
  const find = (key: readonly KeyPart[]): Entry | undefined => {
    rows.finder ??= finderOf(rows.entries, widths, isOrdered);
    return widths.length === 0 ? undefined : rows.finder.find(key);
  };
  const parts: Parts = { table, shape, state, compiler };
  const running: RunningTable = {
    ...changesOf(parts),
    ...(timers !== undefined && { expire: expiring(parts, timers) }),
    shape,
    isHit: false,
    ran: -1,
    apply: () => {
      const key = readKey();
      const row = find(key);
      const ran = row?.run ?? state.otherwise;
      if (machine.trace !== undefined) tell(compiler, shape.name, { key, row, ran });
      for (const each of direct) each.matched?.(row);
      remember(state, key, row);
      machine.applied = running;
      ran?.run();
      running.isHit = row !== undefined;
      running.ran = ran?.id ?? -1;
    },
  };
  return running;
}
