/** What must not change an answer does not, whatever policies there are; and random policies decide in every way there is. */
import { type Address, invariant, parseAddress, type Result } from "@seam/base";
import { isKubeObject, type KubeObject } from "@seam/kube";
import fc from "fast-check";
import { expect, test } from "vitest";

import {
  accountLabels,
  ACCOUNTS,
  calicoGlobalPolicySpec,
  calicoPolicySpec,
  ICMP_MESSAGES,
  networkSet,
  OTHER_PROTOCOLS,
  TIERS,
  tierSpec,
} from "./calico-specs.fixture.ts";
import {
  type Attempt,
  type CalicoPolicies,
  type CalicoPolicy,
  type End,
  isAllowed,
  judge,
  readCalicoNetworkSet,
  readCalicoPolicy,
  readCalicoTier,
  type Side,
  type Traffic,
} from "./index.ts";
import { labels, PORTS, PROTOCOLS } from "./specs.fixture.ts";

const BLOCKS = ["0.0.0.0/0", "10.0.0.0/8", "10.0.1.0/24", "192.0.2.1", "fd00::/16", "::/0"];

type Given = { readonly labels?: object; readonly spec: object };

/** Reads an object of a kind, whose key is NAME or NAMESPACE/NAME. */
const reader =
  <T>(kind: string, by: (object: KubeObject) => Result<T, readonly string[]>) =>
  (key: string, { labels: own = {}, spec }: Given): T => {
    const [name = "", namespace] = key.split("/").toReversed();
    const metadata = { name, labels: own, ...(namespace && { namespace }) };
    const made: unknown = { apiVersion: "projectcalico.org/v3", kind, metadata, spec };
    invariant(isKubeObject(made), key);
    const found = by(made);
    invariant(found.ok, `${JSON.stringify(made)}: ${JSON.stringify(found)}`);
    return found.value;
  };
const readNear = reader("NetworkPolicy", readCalicoPolicy);
const readWide = reader("GlobalNetworkPolicy", readCalicoPolicy);
const readTier = reader("Tier", readCalicoTier);
const readNearSet = reader("NetworkSet", readCalicoNetworkSet);
const readWideSet = reader("GlobalNetworkSet", readCalicoNetworkSet);

const at = (text: string): Address => {
  const parsed = parseAddress(text);
  invariant(parsed.ok, text);
  return parsed.value;
};

const KEYS = ["x/a", "x/b", "y/a"] as const;
const given = (of: object): object =>
  Object.fromEntries(Object.entries(of).filter(([, each]) => each !== undefined));

const pod = (key: (typeof KEYS)[number]): fc.Arbitrary<End> =>
  fc
    .record({ labels, account: fc.constantFrom(...ACCOUNTS), accountLabels, namespace: labels })
    .map(({ labels: own, account, accountLabels: theirs, namespace: wide }) => {
      const [namespace = "", name = ""] = key.split("/");
      const last = KEYS.indexOf(key) + 1;
      return {
        kind: "pod",
        pod: {
          namespace,
          name,
          labels: { ...given(own) },
          namespaceLabels: { ...given(wide) },
          serviceAccount: { name: account, labels: { ...theirs } },
          addresses: [`10.0.${last}.1`, `fd00::${last}`].map(at),
          node: null,
          hostNetwork: false,
          ports: [{ name: "web", port: 80, protocol: "TCP" }],
        },
      };
    });

const ends: fc.Arbitrary<End> = fc.oneof(
  ...KEYS.map(pod),
  fc
    .constantFrom("192.0.2.1", "10.0.1.9", "203.0.113.1", "fd00::9", "2001:db8::1")
    .map((text): End => ({ kind: "address", address: at(text), node: null })),
);

const traffic: fc.Arbitrary<Traffic> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      protocol: fc.constantFrom(...PROTOCOLS),
      port: fc.constantFrom(...PORTS),
    }),
  },
  fc.constantFrom(...ICMP_MESSAGES).map((each) => ({ protocol: "ICMP" as const, ...each })),
  fc.constantFrom(...OTHER_PROTOCOLS).map((protocol) => ({ protocol })),
);

const attempts: fc.Arbitrary<Attempt> = fc
  .record({
    from: ends,
    to: fc.oneof(...KEYS.map(pod)),
    traffic,
    family: fc.constantFrom("ipv4", "ipv6"),
  })
  .map(({ traffic: sent, ...of }) => ({ ...of, ...sent }));

const policies: fc.Arbitrary<readonly CalicoPolicy[]> = fc
  .record({
    near: fc.dictionary(fc.constantFrom("x/p", "x/q", "y/p"), calicoPolicySpec(BLOCKS)),
    wide: fc.dictionary(fc.constantFrom("p", "q", "r"), calicoGlobalPolicySpec(BLOCKS)),
  })
  .map(({ near, wide }) => [
    ...Object.entries(near).map(([key, spec]) => readNear(key, { spec })),
    ...Object.entries(wide).map(([key, spec]) => readWide(key, { spec })),
  ]);

const calico: fc.Arbitrary<CalicoPolicies> = fc.record({
  policies,
  tiers: fc
    .dictionary(fc.constantFrom(...TIERS), tierSpec)
    .map((all) => Object.entries(all).map(([name, spec]) => readTier(name, { spec }))),
  sets: fc
    .dictionary(fc.constantFrom("x/s", "y/s", "s", "t"), networkSet(BLOCKS))
    .map((all) =>
      Object.entries(all).map(([key, of]) =>
        (key.includes("/") ? readNearSet : readWideSet)(key, of),
      ),
    ),
});

const sides = (attempt: Attempt, found: CalicoPolicies): readonly Side[] => {
  const { egress, ingress } = judge(attempt, { network: [], cluster: [], calico: found });
  return [egress, ingress];
};
const allowed = (attempt: Attempt, found: CalicoPolicies): readonly boolean[] =>
  sides(attempt, found).map(isAllowed);

const eachPolicy = (
  found: CalicoPolicies,
  change: (policy: CalicoPolicy) => CalicoPolicy,
): CalicoPolicies => ({ ...found, policies: found.policies.map(change) });

/** A rule about everything that decides nothing. */
const LOG = readNear("x/log", { spec: { ingress: [{ action: "Log" }] } }).ingress;

const twice = (of: CalicoPolicy["selector"]): CalicoPolicy["selector"] => ({
  kind: "not",
  of: { kind: "not", of },
});

test.each<readonly [string, (found: CalicoPolicies) => CalicoPolicies]>([
  [
    "in which order objects are listed",
    ({ policies: all, tiers, sets }) => ({
      policies: all.toReversed(),
      tiers: tiers.toReversed(),
      sets: sets.toReversed(),
    }),
  ],
  [
    "that everything is logged first",
    (found) =>
      eachPolicy(found, (policy) => ({
        ...policy,
        ingress: policy.ingress && [...(LOG ?? []), ...policy.ingress],
        egress: policy.egress && [...(LOG ?? []), ...policy.egress],
      })),
  ],
  [
    "that policies of tiers that do not exist are deleted",
    (found) => ({ ...found, policies: found.policies.filter(({ tier }) => tier !== "nowhere") }),
  ],
  [
    "that selectors are negated twice",
    (found) => eachPolicy(found, (policy) => ({ ...policy, selector: twice(policy.selector) })),
  ],
  ["that a set is there twice", (found) => ({ ...found, sets: [...found.sets, ...found.sets] })],
])(
  "no answer changes by %s",
  (_, change) => {
    fc.assert(
      fc.property(calico, attempts, (found, attempt) => {
        expect(allowed(attempt, change(found))).toEqual(allowed(attempt, found));
      }),
      { numRuns: 500 },
    );
  },
  60_000,
);

test("random policies decide in every way there is, for each kind of traffic", () => {
  const seen = fc
    .sample(fc.tuple(attempts, calico), { numRuns: 4000, seed: 1 })
    .flatMap(([attempt, found]) => {
      const what = "port" in attempt ? "port" : "type" in attempt ? "icmp" : "other";
      return sides(attempt, found).map(({ kind }) => `${what} ${kind}`);
    });
  const share = (of: string): number => seen.filter((each) => each === of).length / seen.length;
  const rare = ["port", "icmp", "other"].flatMap((what) =>
    ["accepted", "rejected", "dropped", "open"]
      .map((kind) => `${what} ${kind}`)
      .filter((each) => share(each) < 0.005),
  );
  expect(rare).toEqual([]);
}, 60_000);
