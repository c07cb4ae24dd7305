/** What a project says of its pods' bandwidth (U1). Pure. */
import { child, type KubeObject } from "@seam/kube";

/** A rate for each direction of a pod, whole Mbit/s; null where nothing is said. */
export type Said = { readonly egressMbps: number | null; readonly ingressMbps: number | null };

/** The rules of a project. */
export type Tenant = {
  /** All pods together may reserve this much. */
  readonly quota: Said;
  /** What a pod gets that names no rate. */
  readonly fallback: Said;
  /** The most that one pod may ask for. */
  readonly most: Said;
};

/** The rules in a `Project`. */
export function tenantOf(project: KubeObject): Tenant {
  const spec = child(project, "spec");
  const limits = child(spec, "limits");
  const said = (value: { readonly [key: string]: unknown }): Said => ({
    egressMbps: rateAt(value, "egressMbps"),
    ingressMbps: rateAt(value, "ingressMbps"),
  });
  return {
    quota: said(child(spec, "quota")),
    fallback: said(child(limits, "default")),
    most: said(child(limits, "max")),
  };
}

function rateAt(value: { readonly [key: string]: unknown }, key: string): number | null {
  const found = value[key];
  return typeof found === "number" ? found : null;
}
