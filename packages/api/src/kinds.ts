/** All kinds of Seam: schema and names together; the list that `seam install` and the Helm chart apply. */
import { BANDWIDTH_GROUP, BANDWIDTH_VERSION, BandwidthSchema } from "./bandwidth.ts";
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

const count = (name: string, jsonPath: string): PrinterColumn => ({
  name,
  type: "integer",
  jsonPath,
});

const bandwidth: KindNames = {
  api: { group: BANDWIDTH_GROUP, version: BANDWIDTH_VERSION },
  kind: "Bandwidth",
  plural: "bandwidths",
  shortNames: [],
  scope: "Cluster",
  columns: [
    { name: "Node", type: "string", jsonPath: ".spec.node" },
    count("UL", ".spec.capacity.network.ulMbps"),
    count("DL", ".spec.capacity.network.dlMbps"),
    count("uUL", ".status.used.network.ulMbps"),
    count("uDL", ".status.used.network.dlMbps"),
    count("LUL", ".spec.capacity.local.ulMbps"),
    count("LDL", ".spec.capacity.local.dlMbps"),
    count("uLUL", ".status.used.local.ulMbps"),
    count("uLDL", ".status.used.local.dlMbps"),
    { name: "State", type: "string", jsonPath: ".status.status" },
    age,
  ],
};

/** The CustomResourceDefinitions of all kinds. */
export const customResourceDefinitions = (): readonly Json[] => [
  customResourceDefinition(project, { ...ProjectSchema }),
  customResourceDefinition(experiment, { ...ExperimentSchema }),
  customResourceDefinition(networkConfig, { ...NetworkConfigSchema }),
  customResourceDefinition(bandwidth, { ...BandwidthSchema }),
];
