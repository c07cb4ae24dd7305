/** From a workload to the template of its pods. */
import type { Experiment } from "@seam/api";
import type { Json } from "@seam/kube";
import { RESTARTED_ANNOTATION } from "./names.ts";

/** One workload of an experiment. */
export type Workload = Experiment["spec"]["workloads"][number];

const HOSTNAME = "kubernetes.io/hostname";
const GRACE_SECONDS = 5;

/** The template of a workload's pods, which have `labels` beside the workload's own. */
export function podTemplate(workload: Workload, labels: Json): Json {
  const annotations = annotationsOf(workload);
  const volumes = volumesOf(workload);
  return {
    metadata: { labels: { ...workload.labels, ...labels }, ...filled("annotations", annotations) },
    spec: {
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: GRACE_SECONDS,
      containers: [containerOf(workload)],
      ...(volumes.length === 0 ? {} : { volumes }),
      ...placementOf(workload, labels),
    },
  };
}

/** A field, unless it is an empty object. */
const filled = (name: string, value: Json): Json =>
  Object.keys(value).length === 0 ? {} : { [name]: value };

function containerOf(workload: Workload): Json {
  const { name, image, command, args } = workload;
  const ports = containerPorts(workload);
  const env = (workload.env ?? []).map(variableOf);
  const volumeMounts = mountsOf(workload);
  return {
    name,
    image,
    ...(command === undefined ? {} : { command }),
    ...(args === undefined ? {} : { args }),
    ...(env.length === 0 ? {} : { env }),
    ...(ports.length === 0 ? {} : { ports }),
    ...(volumeMounts.length === 0 ? {} : { volumeMounts }),
    ...filled("resources", resourcesOf(workload)),
  };
}

function resourcesOf({ resources = {} }: Workload): Json {
  const { cpu, memory, gpu = {} } = resources;
  const amounts = {
    ...(cpu === undefined ? {} : { cpu }),
    ...(memory === undefined ? {} : { memory }),
    ...Object.fromEntries(Object.entries(gpu).map(([name, count]) => [name, String(count)])),
  };
  return Object.keys(amounts).length === 0 ? {} : { requests: amounts, limits: amounts };
}

type Variable = NonNullable<Workload["env"]>[number];

function variableOf({ name, value, secret, configMap }: Variable): Json {
  if (secret !== undefined) return { name, valueFrom: { secretKeyRef: secret } };
  if (configMap !== undefined) return { name, valueFrom: { configMapKeyRef: configMap } };
  // The API server does not keep an empty value.
  return value === undefined || value === "" ? { name } : { name, value };
}

/** Folders of files come first; each is called by its kind and its place in the list. */
const mountsOf = ({ files = [], volumes = [] }: Workload): readonly Json[] => [
  ...files.map(({ path }, index) => ({
    name: `files-${index}`,
    mountPath: path,
    readOnly: true,
  })),
  ...volumes.map(({ path }, index) => ({ name: `volume-${index}`, mountPath: path })),
];

const volumesOf = ({ files = [], volumes = [] }: Workload): readonly Json[] => [
  ...files.map((each, index) => ({ name: `files-${index}`, ...sourceOfFiles(each) })),
  ...volumes.map((each, index) => ({ name: `volume-${index}`, ...sourceOfVolume(each) })),
];

const sourceOfFiles = ({ configMap, secret }: NonNullable<Workload["files"]>[number]): Json =>
  secret === undefined ? { configMap: { name: configMap } } : { secret: { secretName: secret } };

function sourceOfVolume({
  claim,
  scratch,
  memory,
}: NonNullable<Workload["volumes"]>[number]): Json {
  if (claim !== undefined) return { persistentVolumeClaim: { claimName: claim } };
  if (memory !== undefined) return { emptyDir: { medium: "Memory", sizeLimit: memory } };
  return { emptyDir: { sizeLimit: scratch } };
}

/** Without names: those of container ports may have 15 characters only. */
function containerPorts(workload: Workload): readonly Json[] {
  const seen = new Map(
    (workload.ports ?? []).map(({ port, protocol = "TCP" }) => [
      `${port}/${protocol}`,
      { containerPort: port, protocol },
    ]),
  );
  return [...seen.values()];
}

function placementOf({ placement = "spread" }: Workload, labels: Json): Json {
  if (placement === "spread") return spreadBy(HOSTNAME, labels);
  if (placement === "pack") return packBy(HOSTNAME, labels);
  if ("node" in placement) return { nodeSelector: { [HOSTNAME]: placement.node } };
  return "spread" in placement
    ? spreadBy(placement.spread, labels)
    : packBy(placement.pack, labels);
}

const spreadBy = (topologyKey: string, matchLabels: Json): Json => ({
  topologySpreadConstraints: [
    {
      maxSkew: 1,
      topologyKey,
      whenUnsatisfiable: "ScheduleAnyway",
      labelSelector: { matchLabels },
    },
  ],
});

const packBy = (topologyKey: string, matchLabels: Json): Json => ({
  affinity: {
    podAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        { weight: 100, podAffinityTerm: { topologyKey, labelSelector: { matchLabels } } },
      ],
    },
  },
});

function annotationsOf({ bandwidth = {}, restartedAt }: Workload): Json {
  const { egressMbps, ingressMbps } = bandwidth;
  return {
    ...(egressMbps === undefined ? {} : { "kubernetes.io/egress-bandwidth": `${egressMbps}M` }),
    ...(ingressMbps === undefined ? {} : { "kubernetes.io/ingress-bandwidth": `${ingressMbps}M` }),
    ...(restartedAt === undefined ? {} : { [RESTARTED_ANNOTATION]: restartedAt }),
  };
}
