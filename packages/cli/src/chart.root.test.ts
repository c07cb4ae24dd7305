/**
 * The chart by Helm itself: what it renders, and what it says of wrong values. Needs no root; it is among these tests for
 * the built Helm. `UPDATE=1` makes `deploy/seam.yaml` anew.
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";

import { calicoDefinitions, customResourceDefinitions } from "@seam/api";
import { expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";

import { chart, fileOf } from "./chart.fixture.ts";
import {
  deploymentIn,
  helm,
  image,
  type Object,
  objectsOf,
  template,
  withApi,
} from "./helm.fixture.ts";

/** What the chart renders without Helm, and where it is kept. */
const files = [
  {
    file: "deploy/seam.yaml",
    header:
      "# Seam in one file, made from deploy/helm/seam; put your image where SEAM_IMAGE stands.\n",
    // Nothing is managed by Helm there, and a key that everybody knows would be none.
    values: ["namespace.create=true", "server.tls.generate=false"],
    argv: ["--kube-version", "v1.36.3"],
  },
  {
    file: "deploy/seam-api.yaml",
    header:
      "# The API server in one file, made from deploy/helm/seam: the server's image and the node with its database where SEAM_SERVER_IMAGE and SEAM_API_NODE stand.\n",
    values: [
      "api.enabled=true",
      "api.image=SEAM_SERVER_IMAGE",
      "api.storage.node=SEAM_API_NODE",
      "api.tls.generate=false",
    ],
    argv: ["--show-only", "templates/api.yaml"],
  },
];

test.each(files)("$file is the chart without Helm", ({ file, header, values, argv }) => {
  const made = template(...image, ...values.flatMap((each) => ["--set", each]), ...argv);
  expect(made).toMatchObject({ ok: true });
  const text = `${header}${made.text.replaceAll(/^ +app.kubernetes.io\/managed-by: Helm\n/gm, "")}`;
  if (process.env["UPDATE"] === "1") writeFileSync(fileOf(file), text);
  expect(readFileSync(fileOf(file), "utf8")).toBe(text);
});

test("helm lint finds nothing", () => {
  const { ok, text } = helm("lint", chart, "--strict", "--namespace", "seam-system", ...image);
  expect(text).toContain("0 chart(s) failed");
  expect(ok).toBe(true);
});

test("the kinds are those of this version, and stay when the chart goes", () => {
  const kinds = objectsOf(template(...image).text).filter(
    ({ kind }) => kind === "CustomResourceDefinition",
  );
  const kept = [...customResourceDefinitions(), ...calicoDefinitions()].map((crd) => {
    const { metadata, ...rest } = JSON.parse(JSON.stringify(crd));
    const annotations = { "helm.sh/resource-policy": "keep" };
    return { ...rest, metadata: { ...metadata, annotations } };
  });
  const byName = (one: Object, other: Object): number =>
    one.metadata.name.localeCompare(other.metadata.name);
  expect(kinds.toSorted(byName)).toEqual(kept.toSorted(byName));
});

test("nobody gets a wildcard, and nobody reads secrets", () => {
  const objects = objectsOf(template(...image, ...withApi).text);
  const rules = objects.flatMap(({ rules: those = [] }) => those);
  expect(rules.length).toBeGreaterThan(8);
  for (const { verbs, resources } of rules) {
    expect([...verbs, ...resources]).not.toContain("*");
    expect(resources).not.toContain("secrets");
  }
});

test.each([
  ["no image", [], /image: expected the reference of Seam's image/],
  [
    "a namespace that programs do not look in",
    [...image, "--namespace", "other"],
    /namespace: expected seam-system, found other/,
  ],
  ["a misspelt value", [...image, "--set", "agent.loglevel=warn"], /agent.*loglevel/s],
  [
    "a level that does not exist",
    [...image, "--set", "agent.logLevel=loud"],
    /agent.logLevel|\/agent\/logLevel/,
  ],
  ["a port out of range", [...image, "--set", "agent.httpPort=70000"], /httpPort/],
  ["an API without an image", [...image, "--set=api.enabled=true"], /api.image: expected the ref/],
  [
    "several servers of one embedded database",
    [...image, ...withApi, "--set=api.replicas=2"],
    /api.replicas: expected 1 with the embedded PostgreSQL/,
  ],
  [
    "an Ingress without a certificate behind it",
    [...image, ...withApi, "--set=api.tls.generate=false,api.ingress.enabled=true"],
    /api.tls: expected generate=true or a secretName/,
  ],
  [
    "an Ingress without a name",
    [...image, ...withApi, "--set=api.ingress.enabled=true"],
    /api.ingress.host: expected the name/,
  ],
  ["a share without a number", [...image, "--set", "agent.maxUnavailable=some%"], /maxUnavailable/],
])("%s is refused with the value's name", (_, argv, said) => {
  const { ok, text } = template(...argv);
  expect(ok).toBe(false);
  expect(text).toMatch(said);
});

test("values reach the objects", () => {
  const { text } = template(
    "--set=image=registry.example/seam:2",
    "--set=agent.httpPort=9911",
    "--set=agent.maxUnavailable=10%",
    "--set=agent.folders.netns=/var/run/netns",
    "--set=controller.replicas=2",
    "--set=controller.tolerations[0].operator=Exists",
    "--set=imagePullSecrets[0].name=registry",
    "--set=crds.install=false",
  );
  const objects = objectsOf(text);
  const find = (kind: string): Object | undefined => objects.find((each) => each.kind === kind);
  expect(find("CustomResourceDefinition")).toBeUndefined();
  expect(find("DaemonSet")).toMatchObject({
    spec: {
      updateStrategy: { rollingUpdate: { maxUnavailable: "10%" } },
      template: {
        spec: {
          imagePullSecrets: [{ name: "registry" }],
          containers: [
            {
              image: "registry.example/seam:2",
              ports: [{ containerPort: 9911, hostPort: 9911 }],
              env: expect.arrayContaining([{ name: "SEAM_HTTP_PORT", value: "9911" }]),
              volumeMounts: expect.arrayContaining([
                { name: "netns", mountPath: "/var/run/netns", mountPropagation: "HostToContainer" },
              ]),
            },
          ],
        },
      },
    },
  });
  expect(deploymentIn(objects, "seam-controller")).toMatchObject({
    spec: { replicas: 2, template: { spec: { tolerations: [{ operator: "Exists" }] } } },
  });
});

type Certificate = { readonly data: { readonly [key: string]: string } };

const dataOf = (text: string, kind: string): Certificate["data"] => {
  const object = parseAllDocuments(text)
    .map((document): (Certificate & Object) | null => document.toJS())
    .find((each) => each?.kind === kind && each.metadata.name.startsWith("seam-server"));
  return object?.data ?? {};
};

test("the server gets a certificate of an authority that clients can read, and no rights", () => {
  const { text } = template(...image);
  const secret = dataOf(text, "Secret");
  const pem = (key: string): string => Buffer.from(secret[key] ?? "", "base64").toString();
  const authority = new X509Certificate(dataOf(text, "ConfigMap")["ca.crt"] ?? "");
  const certificate = new X509Certificate(pem("tls.crt"));
  expect(certificate.checkIssued(authority) && certificate.verify(authority.publicKey)).toBe(true);
  expect(certificate.checkPrivateKey(createPrivateKey(pem("tls.key")))).toBe(true);
  for (const host of ["seam-server.seam-system", "seam-server.seam-system.svc", "localhost"])
    expect(certificate.checkHost(host)).toBe(host);
  const objects = objectsOf(text);
  const bindings = objects.filter(({ kind }) => kind.endsWith("RoleBinding"));
  expect(JSON.stringify(bindings)).not.toContain("seam-server");
  expect(deploymentIn(objects, "seam-server")).toMatchObject({
    spec: { template: { spec: { automountServiceAccountToken: false } } },
  });
});

test.each([
  {
    what: "a Secret of one's own",
    set: "server.tls.secretName=mine",
    volume: "mine",
    optional: undefined,
  },
  { what: "none", set: "server.tls.generate=false", volume: "seam-server-tls", optional: true },
])("with $what no certificate is made", ({ set, volume, optional }) => {
  const objects = objectsOf(template(...image, "--set", set).text);
  expect(objects.map(({ kind }) => kind)).not.toContain("Secret");
  const volumes = JSON.parse(JSON.stringify(deploymentIn(objects, "seam-server"))).spec.template
    .spec.volumes;
  expect(volumes.find(({ name }: { name: string }) => name === "tls").secret).toMatchObject({
    secretName: volume,
    ...(optional === undefined ? {} : { optional }),
  });
});

test.each([
  ["left out", "server.enabled=false"],
  ["unknown to the values of an older release", "server=null"],
])("the server can be %s", (_, set) => {
  const { text } = template(...image, "--set", set);
  expect(text).toContain("name: seam-controller");
  expect(text).not.toContain("seam-server");
});

test("values of vaclab's chart reach the controller (V17), and those of an older release are taken", () => {
  const argv = [
    "--set=manager.bandwidth.local.uplink=40000000",
    "--set=manager.bandwidth.network.downlink=2500",
    "--set=manager.annotations.egress=kubernetes.io/egress-bandwidth",
  ];
  const containerIn = (text: string): unknown =>
    JSON.parse(JSON.stringify(deploymentIn(objectsOf(text), "seam-controller"))).spec.template.spec
      .containers[0];
  const changed = template(...image, ...argv).text;
  const rates = [
    "--egress-bandwidth-annotation=kubernetes.io/egress-bandwidth",
    "--ingress-bandwidth-annotation=ovn.kubernetes.io/ingress_rate",
    "--units=kubernetes",
    "--default-egress-mbps=20",
    "--default-ingress-mbps=20",
  ];
  expect(containerIn(changed)).toMatchObject({
    args: [
      "--default-local-ul-mbps=40000000",
      "--default-local-dl-mbps=20000",
      "--default-network-ul-mbps=1000",
      "--default-network-dl-mbps=2500",
      "--bandwidth-scheduler=vaclab-scheduler",
      ...rates,
      "--egress-ceiling-annotation=seam.ucsd.edu/egress-ceiling",
      "--ingress-ceiling-annotation=seam.ucsd.edu/ingress-ceiling",
    ],
  });
  const scheduler = deploymentIn(objectsOf(changed), "vaclab-scheduler");
  expect(scheduler).toMatchObject({
    spec: {
      template: {
        spec: {
          containers: expect.arrayContaining([
            expect.objectContaining({
              name: "extender",
              args: ["--scoring=fixed", "--candidates=4", ...rates],
            }),
          ]),
        },
      },
    },
  });
  const custom = template(...image, "--set=manager.annotations.egress=example.org/up").text;
  const flags = custom.match(/--egress-bandwidth-annotation=example.org\/up$/gm);
  // The controller, the scheduler, admission and the agents read the same.
  expect(flags?.length).toBe(3);
  expect(custom).toMatch(/name: SEAM_EGRESS_ANNOTATION\n +value: example.org\/up/);
  expect(custom).toContain("'seam.ucsd.edu/ingress-ceiling', 'example.org/up'");
  const ceiling = template(...image, "--set=manager.annotations.egressCeiling=example.org/most");
  // Schedulers count what is reserved alone.
  expect(ceiling.text.match(/--egress-ceiling-annotation=example.org\/most$/gm)?.length).toBe(2);
  expect(ceiling.text).toMatch(/name: SEAM_EGRESS_CEILING_ANNOTATION\n +value: example.org\/most/);
  expect(ceiling.text).toContain("'example.org/most'");
  const older = template(...image, "--set", "manager=null", "--set", "prometheus=null");
  expect(containerIn(older.text)).not.toHaveProperty("args");
  const zero = template(...image, "--set=manager.bandwidth.network.uplink=0");
  expect(zero.ok).toBe(false);
  expect(zero.text).toMatch(/uplink/);
});

test("V8, V11: every program reads and judges as the original where values say so", () => {
  const values = ["--set=manager.units=vaclab", "--set=scheduler.scoring=compatible"];
  const { text } = template(...image, ...values);
  // The controller, the scheduler, admission and the agents read the same.
  expect(text.match(/- --units=vaclab$/gm)).toHaveLength(3);
  expect(text).toMatch(/name: SEAM_RATE_UNITS\n +value: vaclab/);
  expect(text.match(/- --scoring=compatible$/gm)).toHaveLength(1);
  for (const wrong of ["manager.units=mbps", "scheduler.scoring=best"])
    expect(template(...image, `--set=${wrong}`).ok).toBe(false);
});

test("schedulers are as many as asked for, and elect a leader in the time that is asked for (V19)", () => {
  const set = (fields: string): readonly string[] => [...image, "--set", fields];
  const guide = readFileSync(fileOf("docs/guide/bandwidth.md"), "utf8");
  const values = /--set (scheduler\.replicas=2\S*)/.exec(guide)?.[1] ?? "";
  const { text } = template(...set(values));
  expect(deploymentIn(objectsOf(text), "vaclab-scheduler")).toMatchObject({
    spec: { replicas: 2 },
  });
  expect(text).toMatch(/leaseDuration: 15s\n +renewDeadline: 10s\n +retryPeriod: 2s\n/);
  const wrong = template(...set("scheduler.leaderElection.leaseSeconds=10"));
  expect(wrong.ok).toBe(false);
  expect(wrong.text).toContain("expected leaseSeconds greater than renewSeconds");
});

test("administrators can give roles for Bandwidth (V20)", () => {
  const roles = objectsOf(template(...image).text).filter(({ metadata: { name } }) =>
    name.startsWith("bandwidth-"),
  );
  const verbs = Object.fromEntries(
    roles.map(({ metadata, rules = [] }) => [metadata.name, rules[0]?.verbs.join()]),
  );
  expect(verbs).toEqual({
    "bandwidth-admin-role": "get,list,watch,create,update,patch,delete,deletecollection",
    "bandwidth-editor-role": "get,list,watch,create,update,patch,delete",
    "bandwidth-viewer-role": "get,list,watch",
  });
});

test("prometheus-operator finds every program when that is asked for (V20)", () => {
  const namesIn = (...argv: readonly string[]): readonly string[] =>
    objectsOf(template(...image, ...argv).text)
      .filter(({ kind }) => kind === "ServiceMonitor")
      .map(({ metadata }) => metadata.name);
  expect(namesIn()).toEqual([]);
  expect(namesIn("--set=prometheus.enable=true").toSorted()).toEqual([
    "seam-admission",
    "seam-agent",
    "seam-controller",
    "seam-server",
    "vaclab-scheduler",
  ]);
  expect(namesIn("--set=prometheus.enable=true", "--set=server.enabled=false")).toHaveLength(4);
  expect(namesIn("--set=prometheus.enable=true", ...withApi)).toContain("seam-api");
});

/** The values that the guide about monitoring sets. */
const watchedOptions = (): readonly string[] =>
  readFileSync(fileOf("docs/guide/monitoring.md"), "utf8")
    .match(/(?<=--)set \S+/g)
    ?.map((option) => `--${option.replace(" ", "=")}`) ?? [];

test("S7: alerts come with the ServiceMonitors, and carry the labels by which a Prometheus chooses", () => {
  const argv = watchedOptions();
  const objects = objectsOf(template(...image, ...argv).text);
  const judged = objects.filter(
    ({ kind }) => kind === "ServiceMonitor" || kind === "PrometheusRule",
  );
  expect(judged).toHaveLength(6);
  for (const { metadata } of judged)
    expect(metadata).toMatchObject({
      labels: { release: "RELEASE", "app.kubernetes.io/part-of": "seam" },
    });
  const monitor = judged.find(({ metadata }) => metadata.name === "seam-agent");
  expect(monitor).toMatchObject({ spec: { endpoints: [{ interval: "5s", honorLabels: true }] } });
  const rules = judged.find(({ kind }) => kind === "PrometheusRule");
  const file = parse(readFileSync(fileOf("deploy/helm/seam/files/rules.yaml"), "utf8"));
  expect(rules).toMatchObject({ spec: file });
});

test("S7: Grafana's sidecar finds the dashboards, as they were made", () => {
  const argv = [...watchedOptions(), "--set=grafana.annotations.grafana_folder=Seam"];
  const maps = objectsOf(template(...image, ...argv).text).filter(({ metadata }) =>
    metadata.name.startsWith("seam-dashboard-"),
  );
  expect(maps.map(({ metadata }) => metadata.name).toSorted()).toEqual(
    ["api", "bandwidth", "overview", "pods", "policies", "server"].map(
      (each) => `seam-dashboard-${each}`,
    ),
  );
  for (const { metadata, data = {} } of maps) {
    const labels = { grafana_dashboard: "1" };
    expect(metadata).toMatchObject({ labels, annotations: { grafana_folder: "Seam" } });
    const [name, text] = Object.entries(data)[0] ?? ["", ""];
    const file = `deploy/helm/seam/files/dashboards/${name.replace("seam-", "")}`;
    expect(text).toBe(readFileSync(fileOf(file), "utf8"));
  }
  expect(template(...image).text).not.toContain("seam-dashboard-");
});
