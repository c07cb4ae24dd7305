/** Helm on the chart, and what it makes of it. */
import { spawnSync } from "node:child_process";
import { parseAllDocuments } from "yaml";
import { chart } from "./chart.fixture.ts";

/** What the chart makes. */
export type Object = {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly annotations?: object };
  readonly rules?: readonly {
    readonly verbs: readonly string[];
    readonly resources: readonly string[];
  }[];
  readonly data?: { readonly [key: string]: string };
};

/** Runs Helm to its end. */
export function helm(...argv: readonly string[]): { readonly ok: boolean; readonly text: string } {
  const program = `${process.env["SEAM_HELM_BIN"] ?? "SEAM_HELM_BIN names the folder of Helm"}/helm`;
  const { status, stdout, stderr } = spawnSync(program, argv, { encoding: "utf8" });
  return { ok: status === 0, text: status === 0 ? stdout : stdout + stderr };
}

/** What the chart renders with more options. */
export const template = (...argv: readonly string[]): ReturnType<typeof helm> =>
  helm("template", "seam", chart, "--namespace", "seam-system", ...argv);

/** The objects of a rendered text. */
export const objectsOf = (text: string): readonly Object[] =>
  parseAllDocuments(text)
    .map((document): Object | null => document.toJS())
    .filter((object) => object !== null);

/** A Deployment by its name. */
export const deploymentIn = (objects: readonly Object[], name: string): Object | undefined =>
  objects.find(({ kind, metadata }) => kind === "Deployment" && metadata.name === name);

/** The one value that has no default. */
export const image = ["--set", "image=SEAM_IMAGE"] as const;
/** The API, too. */
export const withApi = ["--set", "api.enabled=true,api.image=SEAM_SERVER_IMAGE"] as const;
