/** Calico's kinds for API servers of tests. */

import type { KubeObject } from "./object.ts";

/** As much of a definition as serving takes: every field is kept. */
export const calicoDefinition = (kind: string, plural: string): KubeObject => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: `${plural}.projectcalico.org` },
  spec: {
    group: "projectcalico.org",
    scope: kind.startsWith("Network") ? "Namespaced" : "Cluster",
    names: { kind, plural },
    versions: [
      {
        name: "v3",
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
        },
      },
    ],
  },
});
