/** Changes of worlds after which little is worked out anew. */
import { type Step, step } from "./calico-world.fixture.ts";

/** Sets of networks and host endpoints alone, of which rules may mean the addresses. */
export const setStep = step.filter(
  (one) => "kind" in one && (one.kind.endsWith("Set") || one.kind === "HostEndpoint"),
);

type RuleDraft = { readonly source?: object; readonly destination?: object };
type SpecDraft = {
  readonly ingress?: readonly RuleDraft[];
  readonly egress?: readonly RuleDraft[];
};

/** The step without conditions on policies' own ends: while there is one, all is worked out anew with each set of networks. */
export function withoutOwnEnds(one: Step): Step {
  if (!("kind" in one) || one.object === null || !("spec" in one.object)) return one;
  const { ingress, egress, ...spec }: SpecDraft = { ...Object(one.object.spec) };
  const ports = (end: object = {}): object =>
    Object.fromEntries(Object.entries(end).filter(([key]) => /ports$/i.test(key)));
  const rules = {
    ...(ingress && {
      ingress: ingress.map((rule) => ({ ...rule, destination: ports(rule.destination) })),
    }),
    ...(egress && { egress: egress.map((rule) => ({ ...rule, source: {} })) }),
  };
  return { ...one, object: { ...one.object, spec: { ...spec, ...rules } } };
}
