/**
 * What the container runtime remembers of its calls: libcni, and so containerd and CRI-O, keeps a file for each
 * attachment from ADD to DEL, which holds what the kernel does not know (container, pod, network). A file may be
 * stale, so it is believed only for an interface that exists: the interface's name is a hash of the rest.
 */
import { hostDeviceName } from "@seam/kernel";
import type { Json } from "@seam/kube";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import { podNameOf } from "./cni-message.ts";
import { parseJson, textAt } from "./json.ts";
import type { Attachment } from "./store.ts";

/** What is remembered of the interface with a given host's end. */
export type RuntimeMemory = ReadonlyMap<
  string,
  Pick<Attachment, "containerId" | "ifName" | "netns" | "pod" | "podUid" | "network">
>;

/** `kind` of the files whose form is known (libcni, `CNICacheV1`). */
const KIND = "cniCacheV1";

/** Reads the folder; files that cannot be read are as if they were not there. */
export function runtimeMemory(folder: string): RuntimeMemory {
  return new Map(
    filesOf(folder).flatMap((file) => {
      const cached = contentOf(file);
      if (cached?.["kind"] !== KIND) return [];
      const containerId = textAt(cached, "containerId");
      const ifName = textAt(cached, "ifName");
      const named = argumentsOf(cached["cniArgs"]);
      const known = {
        containerId,
        ifName,
        netns: textAt(cached, "netns"),
        pod: podNameOf(named),
        podUid: named.get("K8S_POD_UID") ?? "",
        network: textAt(cached, "networkName"),
      };
      return [[hostDeviceName(containerId, ifName), known]];
    }),
  );
}

function filesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder).map((name) => path.join(folder, name));
  } catch {
    return [];
  }
}

function contentOf(file: string): Json | null {
  try {
    return parseJson(readFileSync(file, "utf8"));
  } catch {
    return null;
  }
}

/** CNI_ARGS as libcni writes them: a list of [key, value]. */
function argumentsOf(value: unknown): ReadonlyMap<string, string> {
  const pairs: readonly unknown[] = Array.isArray(value) ? value : [];
  return new Map(
    pairs.flatMap((pair) => (Array.isArray(pair) ? [[String(pair[0]), String(pair[1])]] : [])),
  );
}
