/**
 * What a node must remember across restarts of the agent: the interfaces that CNI ADD gave to pods, and
 * where the search for free addresses goes on. SQLite in write-ahead mode survives kill -9 at any moment; a
 * power cut may lose the last writes, but then the pods are gone as well.
 */
import { type Address, formatAddress, parseAddress } from "@seam/base";
import type { HostPort } from "@seam/intent";
import { DatabaseSync, type SQLOutputValue } from "node:sqlite";

import { formatHostPorts, hostPortsOf } from "./port-mappings.ts";

/** An interface of a pod, keyed by the host's end of its link. */
export type Attachment = {
  readonly device: string;
  /** Empty when the record was rebuilt from the kernel. */
  readonly containerId: string;
  readonly ifName: string;
  readonly netns: string;
  /** NAMESPACE/NAME, or empty when the runtime did not say. */
  readonly pod: string;
  readonly mac: string;
  readonly addresses: readonly Address[];
  readonly hostPorts: readonly HostPort[];
};

/** The memory of one node. */
export type Store = Disposable & {
  readonly attachments: () => readonly Attachment[];
  readonly attachment: (device: string) => Attachment | null;
  /** Records an attachment together with the cursors of its prefixes, in one transaction. */
  readonly put: (attachment: Attachment, cursors?: ReadonlyMap<string, bigint>) => void;
  readonly remove: (device: string) => void;
  /** Offset of the address of the prefix that was given out last; 0 at first. */
  readonly cursor: (prefix: string) => bigint;
  /** A short text under a name; empty when there is none. */
  readonly setting: (name: string) => string;
  readonly set: (name: string, value: string) => void;
};

const SCHEMA = `
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS attachment (
  device TEXT PRIMARY KEY, container_id TEXT NOT NULL, if_name TEXT NOT NULL, netns TEXT NOT NULL,
  pod TEXT NOT NULL, mac TEXT NOT NULL, addresses TEXT NOT NULL, host_ports TEXT NOT NULL DEFAULT '[]'
) STRICT;
CREATE TABLE IF NOT EXISTS cursor (prefix TEXT PRIMARY KEY, place TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
`;

/** Opens or makes the memory in `file`; `:memory:` keeps nothing. */
export function openStore(file: string): Store {
  const database = new DatabaseSync(file);
  database.exec(SCHEMA);
  addMissingColumn(database);
  const all = database.prepare("SELECT * FROM attachment ORDER BY device");
  const one = database.prepare("SELECT * FROM attachment WHERE device = ?");
  const insert = database.prepare(
    "INSERT OR REPLACE INTO attachment VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
  );
  const erase = database.prepare("DELETE FROM attachment WHERE device = ?");
  const place = database.prepare("SELECT place FROM cursor WHERE prefix = ?");
  const move = database.prepare("INSERT OR REPLACE INTO cursor VALUES (?, ?)");
  const read = database.prepare("SELECT value FROM setting WHERE name = ?");
  const write = database.prepare("INSERT OR REPLACE INTO setting VALUES (?, ?)");
  return {
    attachments: () => all.all().map((row) => attachmentOf(row)),
    attachment: (device) => {
      const row = one.get(device);
      return row === undefined ? null : attachmentOf(row);
    },
    put: (item, cursors = new Map()) => {
      const addresses = item.addresses.map(formatAddress).join(" ");
      const hostPorts = formatHostPorts(item.hostPorts);
      const { device, containerId, ifName, netns, pod, mac } = item;
      database.exec("BEGIN IMMEDIATE");
      try {
        insert.run(device, containerId, ifName, netns, pod, mac, addresses, hostPorts);
        for (const [prefix, offset] of cursors) move.run(prefix, String(offset));
        database.exec("COMMIT");
      } catch (error) {
        database.exec("ROLLBACK");
        throw error;
      }
    },
    remove: (device) => void erase.run(device),
    cursor: (prefix) => BigInt(textOf(place.get(prefix) ?? {}, "place") || "0"),
    setting: (name) => textOf(read.get(name) ?? {}, "value"),
    set: (name, value) => void write.run(name, value),
    [Symbol.dispose]: () => database.close(),
  };
}

/** Files of version 0.1.0 have no ports. */
function addMissingColumn(database: DatabaseSync): void {
  const columns = database.prepare("PRAGMA table_info(attachment)").all();
  if (columns.some((row) => row["name"] === "host_ports")) return;
  database.exec("ALTER TABLE attachment ADD COLUMN host_ports TEXT NOT NULL DEFAULT '[]'");
}

type Row = { readonly [column: string]: SQLOutputValue };

const textOf = (row: Row, column: string): string => {
  const value = row[column];
  return typeof value === "string" ? value : "";
};

const attachmentOf = (row: Row): Attachment => ({
  device: textOf(row, "device"),
  containerId: textOf(row, "container_id"),
  ifName: textOf(row, "if_name"),
  netns: textOf(row, "netns"),
  pod: textOf(row, "pod"),
  mac: textOf(row, "mac"),
  addresses: textOf(row, "addresses")
    .split(" ")
    .flatMap((text) => {
      const parsed = parseAddress(text);
      return parsed.ok ? [parsed.value] : [];
    }),
  hostPorts: recordedPorts(textOf(row, "host_ports")),
});

function recordedPorts(text: string): readonly HostPort[] {
  const portMappings: unknown = JSON.parse(text);
  const ports = hostPortsOf({ runtimeConfig: { portMappings } });
  return ports.ok ? ports.value : [];
}
