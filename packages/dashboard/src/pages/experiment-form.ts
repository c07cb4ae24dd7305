/** What the guided form holds, and the experiment that it stands for; pure. */
import type { Manifest } from "../api/kinds.ts";

/** One workload of the form; texts as typed. */
export type WorkloadForm = {
  readonly name: string;
  readonly kind: "Container" | "VirtualMachine";
  readonly image: string;
  readonly command: string;
  readonly replicas: number;
  readonly cpu: string;
  readonly memory: string;
  readonly gpu: number;
  readonly port: number;
};

/** The form; texts as typed. */
export type ExperimentForm = {
  readonly name: string;
  readonly lifetime: string;
  readonly workloads: readonly WorkloadForm[];
};

const IMAGE = "localhost/seam/traffic:dev";

/** A workload as the form offers it; `number` counts from 1. */
export const newWorkload = (number: number): WorkloadForm => ({
  name: number === 1 ? "server" : `client${number === 2 ? "" : number - 1}`,
  kind: "Container",
  image: IMAGE,
  command: "",
  replicas: 1,
  cpu: "",
  memory: "",
  gpu: 0,
  port: 0,
});

/** The experiment. */
export const manifestIn = (project: string, form: ExperimentForm): Manifest => ({
  apiVersion: "seam.ucsd.edu/v1alpha1",
  kind: "Experiment",
  metadata: { name: form.name, namespace: project },
  spec: {
    ...(form.lifetime === "" ? {} : { lifetime: form.lifetime }),
    workloads: form.workloads.map(workloadIn),
  },
});

function workloadIn(form: WorkloadForm): object {
  const { name, kind, image, command, replicas, port } = form;
  const words = command.split(/\s+/).filter((word) => word !== "");
  const resources = resourcesIn(form);
  return {
    name,
    ...(kind === "Container" ? {} : { kind }),
    image,
    ...(words.length === 0 ? {} : { command: words }),
    ...(replicas === 1 ? {} : { replicas }),
    ...(port === 0 ? {} : { ports: [{ name: "main", port }] }),
    ...(Object.keys(resources).length === 0 ? {} : { resources }),
  };
}

const resourcesIn = ({ cpu, memory, gpu }: WorkloadForm): object => ({
  ...(cpu === "" ? {} : { cpu }),
  ...(memory === "" ? {} : { memory }),
  ...(gpu === 0 ? {} : { gpu: { "nvidia.com/gpu": gpu } }),
});

/** The beginnings of objects that are written in YAML. */
export const templateOf = (kind: "policies" | "services", project: string): string =>
  TEMPLATES[kind].replace("PROJECT", project);

const TEMPLATES = {
  policies: `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: new-policy
  namespace: PROJECT
spec:
  # All pods of the project; nothing comes in but what is listed.
  podSelector: {}
  policyTypes: [Ingress]
  ingress:
    - from:
        - podSelector: {}
`,
  services: `apiVersion: v1
kind: Service
metadata:
  name: new-service
  namespace: PROJECT
spec:
  selector:
    app: web
  ports:
    - name: http
      port: 80
`,
};
