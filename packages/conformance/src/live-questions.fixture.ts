/** What pods of a live cluster ask each other, what became of it, and what the evaluator says. */
import { type Address, formatAddress } from "@seam/base";
import { type Probe, PROBED_PORTS } from "@seam/lab";
import { judge, type Pod, type Policies, type Traffic } from "@seam/reach";

import { type LiveCluster, SERVICE_PORTS } from "./live-cluster.fixture.ts";

/** How a pod is asked. */
export const WAYS = ["direct", "ICMP", "through services"] as const;
type Way = (typeof WAYS)[number];

/** What was asked and whether it was answered, and whether it should have been. */
export type Answer = {
  readonly way: Way;
  readonly text: string;
  readonly answered: boolean;
  readonly allowed: boolean;
};

/** A probe, and what comes to the pod of it. */
type Question = {
  readonly way: Way;
  readonly to: Pod;
  readonly family: Address["family"];
  readonly probe: Probe;
  readonly traffic: Traffic;
};

/** Longer than any answer takes on a busy machine. */
const PATIENCE_MS = 1500;

/** Every pod asks every pod, itself too, by both families in every way. */
export async function askAll(
  { pods }: Pick<LiveCluster, "pods">,
  policies: Policies,
  round: number,
): Promise<readonly Answer[]> {
  const all = pods.flatMap((each) => questionsTo(each));
  // Echoes are asked for by programs of their own, which would keep the others from their turns.
  const echoes = all.filter(({ way }) => way === "ICMP");
  const others = all.filter(({ way }) => way !== "ICMP");
  return [...(await ask(pods, others, policies)), ...(await ask(pods, echoes, policies))].map(
    (each) => ({ ...each, text: `round ${round}: ${each.text}` }),
  );
}

/** Every pod asks all of them at once. */
async function ask(
  pods: LiveCluster["pods"],
  questions: readonly Question[],
  policies: Policies,
): Promise<readonly Answer[]> {
  const asked = pods.map(async ({ pod: from, prober }) => {
    const answers = await prober.ask(
      questions.map(({ probe }) => probe),
      PATIENCE_MS,
    );
    return questions.map(({ way, to, probe, family, traffic }, at): Answer => {
      const ends = { from: { kind: "pod", pod: from }, to: { kind: "pod", pod: to } } as const;
      const port = "port" in probe ? `${probe.port}/` : "";
      return {
        way,
        text: `${from.namespace}/${from.name} to ${to.namespace}/${to.name} (${probe.address}) ${port}${probe.protocol}`,
        answered: answers[at] === true,
        allowed: judge({ ...ends, ...traffic, family }, policies).allowed,
      };
    });
  });
  return (await Promise.all(asked)).flat();
}

/** Waits until every service leads every pod to its own, which takes a while at first. */
export async function servicesAnswer({ pods }: Pick<LiveCluster, "pods">): Promise<void> {
  const probes = pods.flatMap(serviceQuestions).map(({ probe }) => probe);
  const limit = performance.now() + 60_000;
  for (;;) {
    const all = await Promise.all(pods.map(async ({ prober }) => prober.ask(probes, PATIENCE_MS)));
    const missing = all.flat().filter((answered) => !answered).length;
    if (probes.length > 0 && missing === 0) return;
    if (performance.now() > limit) throw new Error(`${missing} probes of services find no pod`);
  }
}

type Asked = Pick<LiveCluster["pods"][number], "pod" | "service">;

const questionsTo = (asked: Asked): readonly Question[] => [
  ...asked.pod.addresses.flatMap((address) => directQuestions(asked.pod, address)),
  ...serviceQuestions(asked),
];

const directQuestions = (to: Pod, asked: Address): readonly Question[] => {
  const { family } = asked;
  const address = formatAddress(asked);
  const type = family === "ipv4" ? 8 : 128;
  return [
    ...(["TCP", "UDP"] as const).flatMap((protocol) =>
      PROBED_PORTS.map((port): Question => ({
        way: "direct",
        to,
        family,
        probe: { protocol, port, address },
        traffic: { protocol, port },
      })),
    ),
    {
      way: "ICMP",
      to,
      family,
      probe: { protocol: "ICMP", address },
      traffic: { protocol: "ICMP", type, code: 0 },
    },
  ];
};

/** The port that counts is the pod's. */
const serviceQuestions = ({ pod: to, service }: Asked): readonly Question[] =>
  service.flatMap((address) =>
    SERVICE_PORTS.map(({ protocol, port, targetPort }): Question => ({
      way: "through services",
      to,
      family: address.family,
      probe: { protocol, port, address: formatAddress(address) },
      traffic: { protocol, port: targetPort },
    })),
  );
