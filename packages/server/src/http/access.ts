/** Whether somebody may do something, as the cluster's RBAC says: the one source of truth, also for what is in the store (S12). */
import { err, ok, type Result } from "@seam/base";
import { child, children, isJson, type Json, type KubeClient, type Person } from "@seam/kube";
import { ofKube, type Problem } from "./problem.ts";
import { remember } from "./recent.ts";

/** What somebody wants to do. */
export type Question = {
  readonly verb: string;
  /** API group; empty for the core's. */
  readonly group: string;
  readonly resource: string;
  /** Such as `log` of `pods`. */
  readonly subresource?: string;
  /** Absent: in the whole cluster. */
  readonly namespace?: string;
  readonly name?: string;
};

/** Asks the cluster in people's names. */
export type Access = {
  readonly may: (person: Person, question: Question) => Promise<Result<boolean, Problem>>;
  /** `forbidden`, in the API server's words, when they may not. */
  readonly need: (person: Person, question: Question) => Promise<Result<null, Problem>>;
  /** Names that rules about a resource of the cluster name for somebody. */
  readonly namesFor: (
    person: Person,
    question: Pick<Question, "verb" | "group" | "resource">,
  ) => Promise<Result<readonly string[], Problem>>;
};

/** Rights that were taken away end here within that time; every change asks the API server itself. */
const KEPT_MS = 10_000;
const MOST_KEPT = 10_000;

type Kept = { readonly allowed: boolean; readonly untilMs: number };

/** Answers are kept for ten seconds. */
export function createAccess(kube: KubeClient): Access {
  const kept = new Map<string, Kept>();
  const may: Access["may"] = async (person, question) => {
    const key = JSON.stringify([person.user, person.groups, question]);
    const known = kept.get(key);
    if (known !== undefined && known.untilMs > performance.now()) return ok(known.allowed);
    const answer = await review(kube.inNameOf(person), question);
    if (!answer.ok) return answer;
    const found = { allowed: answer.value, untilMs: performance.now() + KEPT_MS };
    remember(kept, [key, found], MOST_KEPT);
    return answer;
  };
  return {
    may,
    need: async (person, question) => {
      const answer = await may(person, question);
      if (!answer.ok) return answer;
      return answer.value ? ok(null) : err(refusal(person, question));
    },
    namesFor: (person, question) => namesFor(kube.inNameOf(person), question),
  };
}

/** What the store keeps of a project, by the resource that stands for it; null: of all together. */
type Records = {
  readonly resource: string;
  readonly project: string | null;
};

/** What is in the store is seen by whoever may list it as if it were a resource of the cluster. */
export const mayListRecords = (
  access: Access,
  person: Person,
  { resource, project }: Records,
): Promise<Result<null, Problem>> =>
  access.need(person, {
    verb: "list",
    group: "seam.ucsd.edu",
    resource,
    ...(project === null ? {} : { namespace: project }),
  });

async function review(
  kube: KubeClient,
  { verb, group, resource, subresource, namespace, name }: Question,
): Promise<Result<boolean, Problem>> {
  const path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
  const resourceAttributes = {
    verb,
    group,
    resource,
    ...(subresource === undefined ? {} : { subresource }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
  };
  const answer = await kube.ask(path, {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SelfSubjectAccessReview",
    spec: { resourceAttributes },
  });
  if (!answer.ok) return err(ofKube(answer.error));
  return ok(isJson(answer.value) && child(answer.value, "status")["allowed"] === true);
}

async function namesFor(
  kube: KubeClient,
  { verb, group, resource }: Pick<Question, "verb" | "group" | "resource">,
): Promise<Result<readonly string[], Problem>> {
  const path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";
  const answer = await kube.ask(path, {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SelfSubjectRulesReview",
    spec: { namespace: "default" },
  });
  if (!answer.ok) return err(ofKube(answer.error));
  const status = isJson(answer.value) ? child(answer.value, "status") : {};
  const names = children(status, "resourceRules")
    .filter(
      (rule) =>
        textsAt(rule, "verbs").includes(verb) &&
        textsAt(rule, "apiGroups").includes(group) &&
        textsAt(rule, "resources").includes(resource),
    )
    .flatMap((rule) => textsAt(rule, "resourceNames"));
  return ok([...new Set(names)].sort());
}

function textsAt(value: Json, key: string): readonly string[] {
  const inner = value[key];
  return Array.isArray(inner) ? inner.filter((each) => typeof each === "string") : [];
}

function refusal({ user }: Person, question: Question): Problem {
  const { verb, group, resource, namespace } = question;
  const what = group === "" ? resource : `${resource}.${group}`;
  const where = namespace === undefined ? "in the cluster" : `in project ${namespace}`;
  return {
    code: "forbidden",
    detail: `user ${user} may not ${verb} ${what} ${where}`,
    hint: "Ask an admin of the project to add you to its members, or for a higher role.",
  };
}
