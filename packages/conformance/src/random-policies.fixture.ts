/** Random policies of every kind, in a random order of changes, and what there is of them as the evaluator reads it. */
import { invariant, type Result } from "@seam/base";
import { type CalicoKind, createPolicyIntent } from "@seam/intent";
import type { KubeObject } from "@seam/kube";
import {
  type Policies,
  readCalicoNetworkSet,
  readCalicoPolicy,
  readCalicoTier,
  readClusterPolicy,
  readPolicy,
} from "@seam/reach";
import {
  calicoGlobalPolicySpec,
  calicoPolicySpec,
  clusterPolicySpec,
  networkSet,
  policySpec,
  TIERS,
  tierSpec,
} from "@seam/reach/testing";
import fc from "fast-check";

import { namespaceLabels } from "./live-cluster.fixture.ts";

const NETWORKS = [
  "0.0.0.0/0",
  "::/0",
  "10.244.1.0/24",
  "10.244.0.0/26",
  "10.244.2.0/24",
  "fd00:10:244:1::/64",
] as const;
const BLOCKS = [
  { cidr: "0.0.0.0/0" },
  { cidr: "::/0" },
  { cidr: "0.0.0.0/0", except: ["10.244.1.0/24"] },
  { cidr: "10.244.0.0/16", except: ["10.244.2.0/24", "10.244.0.0/26"] },
  { cidr: "10.244.1.0/24" },
  { cidr: "fd00::/8", except: ["fd00:10:244:1::/64"] },
];
const CALICO = "projectcalico.org/v3";
const NOWHERE = { nets: ["203.0.113.7/32"] };

/** A kind, names of its objects, what they are, and one of them that is about nobody. */
type PolicyKind = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly keys: readonly string[];
  readonly body: fc.Arbitrary<{ readonly spec: object; readonly labels?: object }>;
  readonly idle: object;
};

const specs = (of: fc.Arbitrary<object>): PolicyKind["body"] => of.map((spec) => ({ spec }));

const NETWORK: PolicyKind = {
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  keys: ["x/p", "x/q", "y/p", "y/q", "z/p"],
  body: specs(policySpec(BLOCKS)),
  idle: { podSelector: { matchLabels: { nobody: "1" } } },
};
const CLUSTER: PolicyKind = {
  apiVersion: "policy.networking.k8s.io/v1beta1",
  kind: "ClusterNetworkPolicy",
  keys: ["p", "q", "r"],
  body: specs(clusterPolicySpec(NETWORKS)),
  idle: {
    tier: "Admin",
    priority: 5,
    subject: { namespaces: { matchLabels: { nobody: "1" } } },
  },
};
const CALICO_KINDS: readonly (PolicyKind & { readonly kind: CalicoKind })[] = [
  {
    apiVersion: CALICO,
    kind: "NetworkPolicy",
    keys: ["x/p", "y/p", "y/q"],
    body: specs(calicoPolicySpec(NETWORKS)),
    idle: { selector: "nobody == '1'" },
  },
  {
    apiVersion: CALICO,
    kind: "GlobalNetworkPolicy",
    keys: ["p", "q"],
    body: specs(calicoGlobalPolicySpec(NETWORKS)),
    idle: { selector: "nobody == '1'" },
  },
  {
    apiVersion: CALICO,
    kind: "Tier",
    keys: TIERS,
    body: specs(tierSpec),
    idle: { order: 123 },
  },
  {
    apiVersion: CALICO,
    kind: "NetworkSet",
    keys: ["x/s", "y/s"],
    body: networkSet(NETWORKS),
    idle: NOWHERE,
  },
  {
    apiVersion: CALICO,
    kind: "GlobalNetworkSet",
    keys: ["s"],
    body: networkSet(NETWORKS),
    idle: NOWHERE,
  },
];
const isNamespaced = ({ keys }: PolicyKind): boolean => keys[0]?.includes("/") === true;

/** An object that is written, or deleted. */
export type PolicyChange = { readonly object: KubeObject; readonly isDeleted: boolean };

const objectOf = (
  { apiVersion, kind }: PolicyKind,
  key: string,
  { spec, labels = {} }: { readonly spec: object; readonly labels?: object },
): KubeObject => {
  const [name = "", namespace] = key.split("/").toReversed();
  const metadata = { name, labels, ...(namespace !== undefined && { namespace }) };
  return { apiVersion, kind, metadata, spec };
};

/** Whether nodes support all of it: rules that they do not support fail closed, which is not asked here. */
const isSupported = (kind: CalicoKind, object: KubeObject): boolean =>
  createPolicyIntent().setCalico(kind, "x/p", object).length === 0;

const changeOf = (of: PolicyKind): fc.Arbitrary<PolicyChange> =>
  fc
    .record({
      key: fc.constantFrom(...of.keys),
      body: of.body,
      isDeleted: fc.nat(4).map((roll) => roll === 0),
    })
    .map(({ key, body, isDeleted }) => ({ object: objectOf(of, key, body), isDeleted }));

const calicoChangeOf = (of: (typeof CALICO_KINDS)[number]): fc.Arbitrary<PolicyChange> =>
  changeOf(of).filter(({ object }) => isSupported(of.kind, object));

/** What changes from one round of questions to the next. */
export const changes: fc.Arbitrary<readonly PolicyChange[]> = fc.tuple(
  changeOf(NETWORK),
  changeOf(CLUSTER),
  fc.oneof(...CALICO_KINDS.slice(0, 2).map(calicoChangeOf)),
  fc.oneof(...CALICO_KINDS.map(calicoChangeOf)),
);

/** A NetworkPolicy of Kubernetes. */
export const networkPolicy = (key: string, spec: object): KubeObject =>
  objectOf(NETWORK, key, { spec });

/** One object of each kind that is about nobody, another one in each round. */
export const idlePolicies = (round: number): readonly KubeObject[] =>
  [NETWORK, CLUSTER, ...CALICO_KINDS].map((kind) =>
    objectOf(kind, isNamespaced(kind) ? "default/last" : "last", {
      spec: kind.idle,
      labels: { round: String(round) },
    }),
  );

/** All of them as the evaluator reads them. */
export function readPolicies(objects: readonly KubeObject[]): Policies {
  const of = <T>(
    apiVersion: string,
    kind: RegExp,
    read: (object: KubeObject) => Result<T, unknown>,
  ): readonly T[] =>
    objects
      .filter((each) => each.apiVersion === apiVersion && kind.test(each.kind ?? ""))
      .map((object) => {
        const found = read(object);
        invariant(found.ok, JSON.stringify([object, found]));
        return found.value;
      });
  return {
    network: of(NETWORK.apiVersion, /^NetworkPolicy$/, readPolicy),
    cluster: of(CLUSTER.apiVersion, /^ClusterNetworkPolicy$/, readClusterPolicy),
    calico: {
      policies: of(CALICO, /NetworkPolicy$/, readCalicoPolicy),
      tiers: of(CALICO, /^Tier$/, readCalicoTier),
      sets: of(CALICO, /NetworkSet$/, (object) =>
        readCalicoNetworkSet(object, namespaceLabels(object.metadata.namespace ?? "")),
      ),
    },
  };
}
