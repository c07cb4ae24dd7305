/** All kinds of Seam: schema and names together; the list that `seam install` and the Helm chart apply. */
import { customResourceDefinition, type KindNames, type PrinterColumn } from "./crd.ts";
import { ExperimentSchema } from "./experiment.ts";
import type { Json } from "./node.ts";
import { NetworkConfigSchema } from "./network-config.ts";
import { ProjectSchema } from "./project.ts";

const phase: PrinterColumn = { name: "Phase", type: "string", jsonPath: ".status.phase" };
const age: PrinterColumn = { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" };

const project: KindNames = {
  kind: "Project",
  plural: "projects",
  shortNames: ["proj"],
  scope: "Cluster",
  columns: [phase, age],
};

const experiment: KindNames = {
  kind: "Experiment",
  plural: "experiments",
  shortNames: ["exp"],
  scope: "Namespaced",
  columns: [phase, { name: "Lifetime", type: "string", jsonPath: ".spec.lifetime" }, age],
};

const networkConfig: KindNames = {
  kind: "NetworkConfig",
  plural: "networkconfigs",
  shortNames: ["netconf"],
  scope: "Cluster",
  columns: [
    { name: "Overlay", type: "string", jsonPath: ".spec.overlay" },
    {
      name: "Accepted",
      type: "string",
      jsonPath: '.status.conditions[?(@.type=="Accepted")].status',
    },
    age,
  ],
};

/** The CustomResourceDefinitions of all kinds. */
export const customResourceDefinitions = (): readonly Json[] => [
  customResourceDefinition(project, { ...ProjectSchema }),
  customResourceDefinition(experiment, { ...ExperimentSchema }),
  customResourceDefinition(networkConfig, { ...NetworkConfigSchema }),
];
