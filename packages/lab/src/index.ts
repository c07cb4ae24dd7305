/** A real Kubernetes cluster of several nodes on one host, in namespaces: start it, look into it, remove every trace of it. */
export { type NodeReport } from "./api-client.ts";
export { cacheFolder } from "./cache.ts";
export { defineClusterPolicies } from "./cluster-policies.ts";
export { type Outcome } from "./command.ts";
export { debianPackages } from "./debian-packages.ts";
export { type ImageName } from "./image-contents.ts";
export { labImage, type LabImage, labImages } from "./images.ts";
export {
  labExec,
  labExecArgv,
  labLogs,
  labStatus,
  type LabStatus,
  loadImage,
} from "./lab-access.ts";
export { labDown } from "./lab-down.ts";
export { keepProgram } from "./lab-program.ts";
export { labReady } from "./lab-ready.ts";
export { labUp } from "./lab-up.ts";
export { familyChoices, type LabOptions } from "./layout.ts";
export { gatherMachine, type MachineFacts, type Trial, type Trials } from "./machine.ts";
export { readdressNode, removeNode } from "./node-changes.ts";
export { cutNode, healNode } from "./partition.ts";
export { useReferenceVxlan } from "./reference-vxlan.ts";
export {
  e2eTools,
  goTools,
  grpcurlTools,
  helmTools,
  kwokTools,
  policySuiteTools,
} from "./go-tools.ts";
export { prometheusTools } from "./prometheus.ts";
export { PROBED_PORTS } from "./prober-program.ts";
export {
  heardOf,
  type LoadReport,
  monotonicMs,
  type Probe,
  type Prober,
  startProber,
} from "./prober.ts";
