/** `seam version`: the versions of this program, of the cluster's Kubernetes and of the Seam that is installed there. */
import { type ClusterVersions, readVersions } from "@seam/client";
import type { Target } from "./definition.ts";
import { VERSION } from "./package-version.ts";
import { table } from "./render.ts";
import { fail, print, withSeam } from "./session.ts";

type VersionFlags = Target & { readonly client?: boolean; readonly output: "table" | "json" };

/** The action of `seam version`. */
export async function version(flags: VersionFlags): Promise<void> {
  const found: ClusterVersions[] = [];
  if (flags.client !== true) {
    await withSeam(flags, async ({ kube }) => {
      const cluster = await readVersions(kube);
      if (cluster.ok) found.push(cluster.value);
      else fail(cluster.error);
    });
  }
  show(found[0] ?? null, flags);
}

function show(cluster: ClusterVersions | null, { output }: VersionFlags): void {
  const json = { client: VERSION, ...cluster };
  print(output === "json" ? JSON.stringify(json, null, 2) : versionText(cluster));
}

/** The versions as text. Pure. */
export const versionText = (cluster: ClusterVersions | null): string =>
  table([
    ["this program:", VERSION],
    ...(cluster === null
      ? []
      : [
          ["Kubernetes:", cluster.kubernetes],
          ["installed Seam:", installedText(cluster.seam)],
        ]),
  ]);

function installedText(seam: string | null | undefined): string {
  if (seam === undefined) return "may not be read";
  if (seam === null) return "none; see seam install";
  return seam === VERSION ? seam : `${seam}, which is not that of this program`;
}
