/**
 * What a node must remember across restarts of the agent: the interfaces that CNI ADD gave to pods, and
 * where the search for free addresses goes on. SQLite in write-ahead mode survives kill -9 at any moment; a
 * power cut may lose the last writes, but then the pods are gone as well. Nothing in it depends on the time of day.
 */
import { type Address, err, formatAddress, ok, parseAddress, type Result } from "@seam/base";
import type { HostPort } from "@seam/intent";
import type { DatabaseSync, SQLOutputValue } from "node:sqlite";

import { textAt } from "./json.ts";
import { formatHostPorts, hostPortsOf } from "./port-mappings.ts";
import { openFile } from "./store-file.ts";

/** An interface of a pod, keyed by the host's end of its link. */
export type Attachment = {
  readonly device: string;
  /** Empty when the record was rebuilt and the runtime did not remember the container either. */
  readonly containerId: string;
  readonly ifName: string;
  readonly netns: string;
  /** NAMESPACE/NAME, or empty when the runtime did not say. */
  readonly pod: string;
  /** Of the pod's object; empty when the runtime did not say. */
  readonly podUid: string;
  /** Name of the network configuration; empty when it is not known. */
  readonly network: string;
  readonly mac: string;
  readonly addresses: readonly Address[];
  readonly hostPorts: readonly HostPort[];
};

/** Whether something was written; an error is what SQLite said, such as "database or disk is full". */
type Written = Result<null, string>;

/** The memory of one node. */
export type Store = Disposable & {
  readonly attachments: () => readonly Attachment[];
  readonly attachment: (device: string) => Attachment | null;
  /** Records an attachment together with the cursors of its prefixes, in one transaction. */
  readonly put: (attachment: Attachment, cursors?: ReadonlyMap<string, bigint>) => Written;
  /** Forgets an attachment at once; when that cannot be written, with the next write that can. */
  readonly remove: (device: string) => Written;
  /** Offset of the address of the prefix that was given out last; 0 at first. */
  readonly cursor: (prefix: string) => bigint;
  /** A short text under a name; empty when there is none. */
  readonly setting: (name: string) => string;
  readonly set: (name: string, value: string) => Written;
  /** Writes something that nobody reads: whether a record could be kept now. */
  readonly probe: () => Written;
};

/** A store, and why the one before it had to be set aside: what it knew has to be rebuilt. */
export type OpenedStore = { readonly store: Store; readonly setAside: string | null };

/** Opens or makes the memory in `file`, or says why that cannot be; a file that cannot be read is set aside. */
export function openNodeStore(file: string): Result<OpenedStore, string> {
  const opened = openFile(file);
  if (!opened.ok) return opened;
  return ok({ store: storeIn(opened.value.database), setAside: opened.value.setAside });
}

/** As `openNodeStore`, where a failure is a bug. */
export function openStore(file: string): Store {
  const opened = openNodeStore(file);
  if (!opened.ok) throw new Error(opened.error);
  return opened.value.store;
}

function storeIn(database: DatabaseSync): Store {
  const all = database.prepare("SELECT * FROM attachment ORDER BY device");
  const one = database.prepare("SELECT * FROM attachment WHERE device = ?");
  const insert = database.prepare(
    "INSERT OR REPLACE INTO attachment (device, container_id, if_name, netns, pod, mac, addresses, host_ports, " +
      "network, pod_uid) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
  );
  const place = database.prepare("SELECT place FROM cursor WHERE prefix = ?");
  const move = database.prepare("INSERT OR REPLACE INTO cursor VALUES (?, ?)");
  const read = database.prepare("SELECT value FROM setting WHERE name = ?");
  const write = database.prepare("INSERT OR REPLACE INTO setting VALUES (?, ?)");
  const { gone, change } = createWriter(database);
  return {
    attachments: () =>
      all.all().flatMap((row) => (gone.has(textAt(row, "device")) ? [] : [attachmentOf(row)])),
    attachment: (device) => {
      const row = gone.has(device) ? undefined : one.get(device);
      return row === undefined ? null : attachmentOf(row);
    },
    put: (item, cursors = new Map()) => {
      const addresses = item.addresses.map(formatAddress).join(" ");
      const hostPorts = formatHostPorts(item.hostPorts);
      const { device, containerId, ifName, netns, pod, mac, network, podUid } = item;
      const row = [device, containerId, ifName, netns, pod, mac, addresses, hostPorts];
      return change(() => {
        insert.run(...row, network, podUid);
        for (const [prefix, offset] of cursors) move.run(prefix, String(offset));
      });
    },
    remove: (device) => {
      gone.add(device);
      return change();
    },
    cursor: (prefix) => BigInt(textAt(place.get(prefix) ?? {}, "place") || "0"),
    setting: (name) => textAt(read.get(name) ?? {}, "value"),
    set: (name, value) => change(() => void write.run(name, value)),
    probe: () => change(() => void write.run("probe", "")),
    [Symbol.dispose]: () => {
      if (database.isOpen) database.close();
    },
  };
}

type Writer = {
  /** What is forgotten and still in the file. */
  readonly gone: Set<string>;
  /** Writes in one transaction, from which also goes what could not be erased before. */
  readonly change: (work?: () => void) => Written;
};

function createWriter(database: DatabaseSync): Writer {
  const erase = database.prepare("DELETE FROM attachment WHERE device = ?");
  const gone = new Set<string>();
  const change = (work = (): void => {}): Written => {
    const written = inTransaction(database, () => {
      for (const device of gone) erase.run(device);
      work();
    });
    if (written.ok) gone.clear();
    return written;
  };
  return { gone, change };
}

function inTransaction(database: DatabaseSync, work: () => void): Written {
  try {
    database.exec("BEGIN IMMEDIATE");
    work();
    database.exec("COMMIT");
    return ok(null);
  } catch (error) {
    // On a full disk SQLite has often rolled back by itself.
    if (database.isTransaction) database.exec("ROLLBACK");
    return err(error instanceof Error ? error.message : String(error));
  }
}

type Row = { readonly [column: string]: SQLOutputValue };

const attachmentOf = (row: Row): Attachment => ({
  device: textAt(row, "device"),
  containerId: textAt(row, "container_id"),
  ifName: textAt(row, "if_name"),
  netns: textAt(row, "netns"),
  pod: textAt(row, "pod"),
  podUid: textAt(row, "pod_uid"),
  network: textAt(row, "network"),
  mac: textAt(row, "mac"),
  addresses: textAt(row, "addresses")
    .split(" ")
    .flatMap((text) => {
      const parsed = parseAddress(text);
      return parsed.ok ? [parsed.value] : [];
    }),
  hostPorts: recordedPorts(textAt(row, "host_ports")),
});

function recordedPorts(text: string): readonly HostPort[] {
  const portMappings: unknown = JSON.parse(text);
  const ports = hostPortsOf({ runtimeConfig: { portMappings } });
  return ports.ok ? ports.value : [];
}
