/** What Helm makes of the API's values (S12, S13). Needs no root; it is among these tests for the built Helm. */
import { expect, test } from "vitest";
import { deploymentIn, image, type Object, objectsOf, template, withApi } from "./helm.fixture.ts";

type Pod = {
  readonly serviceAccountName: string;
  readonly volumes: readonly object[];
  readonly containers: readonly { readonly args: readonly string[]; readonly env: object }[];
};

function apiPod(objects: readonly Object[]): Pod {
  const deployment = JSON.parse(JSON.stringify(deploymentIn(objects, "seam-api") ?? null));
  return deployment.spec.template.spec;
}

test("S12: the API may act in the name of people, keep Events, and nothing else", () => {
  const objects = objectsOf(template(...image, ...withApi).text);
  const ours = objects.filter(({ metadata }) => metadata.name.startsWith("seam-api"));
  expect(ours.flatMap(({ rules = [] }) => rules)).toEqual([
    { apiGroups: [""], resources: ["users", "groups"], verbs: ["impersonate"] },
    { apiGroups: ["events.k8s.io"], resources: ["events"], verbs: ["list", "watch"] },
    {
      apiGroups: ["rbac.authorization.k8s.io"],
      resources: ["clusterrolebindings"],
      resourceNames: ["seam-admins"],
      verbs: ["get"],
    },
  ]);
  const binding = (found: readonly Object[]): Object | undefined =>
    found.find(({ metadata }) => metadata.name === "seam-admins");
  expect(binding(objects)).toMatchObject({
    roleRef: { name: "cluster-admin" },
    subjects: [{ kind: "Group", name: "seam:admins" }],
  });
  const unbound = template(...image, ...withApi, "--set=api.bindAdmins=false").text;
  expect(binding(objectsOf(unbound))).toMatchObject({ subjects: [] });
});

test("the API's pod is what Pod Security calls restricted", () => {
  const deployment = deploymentIn(objectsOf(template(...image, ...withApi).text), "seam-api");
  expect(deployment).toMatchObject({
    spec: {
      strategy: { type: "Recreate" },
      template: {
        spec: {
          securityContext: {
            runAsNonRoot: true,
            runAsUser: 65_532,
            seccompProfile: { type: "RuntimeDefault" },
          },
          containers: [
            {
              securityContext: {
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                capabilities: { drop: ["ALL"] },
              },
            },
          ],
          volumes: [
            { name: "tmp", emptyDir: {} },
            { name: "tls", secret: { secretName: "seam-api-tls" } },
            { name: "store", persistentVolumeClaim: { claimName: "seam-api" } },
          ],
        },
      },
    },
  });
});

test("S13: the API takes a PostgreSQL of one's own, whose URL is no argument, and can be several then", () => {
  const values = ["--set=api.database.urlSecret=database", "--set=api.replicas=2"];
  const objects = objectsOf(template(...image, ...withApi, ...values).text);
  const kinds = objects.filter(({ metadata }) => metadata.name === "seam-api");
  expect(kinds.map(({ kind }) => kind)).not.toContain("PersistentVolumeClaim");
  expect(kinds.map(({ kind }) => kind)).toContain("PodDisruptionBudget");
  const { containers, volumes } = apiPod(objects);
  expect(containers[0]?.args).toContain("--url-file=/run/seam/database/url");
  expect(volumes).toContainEqual({
    name: "database",
    secret: { secretName: "database", defaultMode: 288 },
  });
});

test("the API's database is on a volume of the cluster, on a claim that is there, or in a node's folder", () => {
  const volumesOf = (...values: readonly string[]): readonly Object[] =>
    objectsOf(template(...image, ...withApi, ...values).text).filter(({ kind }) =>
      kind.startsWith("PersistentVolume"),
    );
  const keep = { annotations: { "helm.sh/resource-policy": "keep" } };
  expect(volumesOf("--set=api.storage.className=fast,api.storage.size=20Gi")).toMatchObject([
    {
      kind: "PersistentVolumeClaim",
      metadata: keep,
      spec: { storageClassName: "fast", resources: { requests: { storage: "20Gi" } } },
    },
  ]);
  expect(volumesOf("--set=api.storage.existingClaim=mine")).toEqual([]);
  expect(volumesOf("--set=api.storage.node=n7,api.storage.folder=/srv/seam")).toMatchObject([
    {
      kind: "PersistentVolume",
      metadata: keep,
      spec: { local: { path: "/srv/seam" }, persistentVolumeReclaimPolicy: "Retain" },
    },
    { kind: "PersistentVolumeClaim", spec: { volumeName: "seam-api" } },
  ]);
});

test("the API is reached by an Ingress of one's own name and certificate, and from where one says", () => {
  const values = {
    ingress: {
      enabled: true,
      className: "nginx",
      host: "seam.example.org",
      tlsSecretName: "seam-web",
      annotations: { "nginx.ingress.kubernetes.io/backend-protocol": "HTTPS" },
    },
    networkPolicy: { from: [{ namespaceSelector: { matchLabels: { name: "ingress" } } }] },
  };
  const set = Object.entries(values).map(
    ([name, value]) => `--set-json=api.${name}=${JSON.stringify(value)}`,
  );
  const objects = objectsOf(template(...image, ...withApi, ...set).text);
  const find = (kind: string): Object | undefined =>
    objects.find((each) => each.kind === kind && each.metadata.name === "seam-api");
  expect(find("Ingress")).toMatchObject({
    metadata: { annotations: values.ingress.annotations },
    spec: {
      ingressClassName: "nginx",
      tls: [{ hosts: ["seam.example.org"], secretName: "seam-web" }],
      rules: [{ host: "seam.example.org" }],
    },
  });
  expect(find("NetworkPolicy")).toMatchObject({
    spec: {
      policyTypes: ["Ingress"],
      ingress: [
        { ports: [{ port: "api" }], from: values.networkPolicy.from },
        { ports: [{ port: "http" }] },
      ],
    },
  });
});

test("without a certificate the API is on its pod's loopback, and its health is not", () => {
  const { containers } = apiPod(
    objectsOf(template(...image, ...withApi, "--set=api.tls.generate=false").text),
  );
  expect(containers[0]?.args).toEqual(
    expect.arrayContaining(["--host=127.0.0.1", "--health-host=::"]),
  );
  expect(containers[0]?.args.join()).not.toContain("tls");
});
