/** The state of everything that somebody may see, and the topology of an experiment with what is measured. */
import { err, ok, type Result } from "@seam/base";
import { fromKube, listObjects, nameOf, tabulateReach } from "@seam/client";
import type { KubeClient, KubeObject } from "@seam/kube";
import { Answer } from "./answers.ts";
import type { App } from "./bare-app.ts";
import type { Context } from "./context.ts";
import { isOneOf, METRIC_QUERIES } from "./metric-catalogue.ts";
import { describedIn } from "./openapi.ts";
import { overviewOf } from "./overview.ts";
import { ofSeam, type Problem } from "./problem.ts";
import { answer, principalOf } from "./reply.ts";
import { EXPERIMENTS } from "./resources.ts";
import { Params } from "./schemas.ts";
import { podsOfExperiment, topologyOf } from "./topology.ts";
import { visibleIn, visibleProjects } from "./visible.ts";

const config = { scope: "read" } as const;

/** Adds the routes. */
export function addViewRoutes(app: App, context: Context): void {
  app.get(
    "/api/v1/overview",
    {
      schema: describedIn("overview")("getOverview", "Figures, and what needs attention", {
        200: Answer.overview,
      }),
      config,
    },
    async (request, reply) => {
      const { person } = principalOf(request);
      const kube = context.kube.inNameOf(person);
      const projects = await visibleProjects({ kube, access: context.access, person });
      const result = projects.ok ? ok(overviewOf(await look(kube, projects.value))) : projects;
      return answer(request, reply, result);
    },
  );
  addTopology(app, context);
}

async function look(kube: KubeClient, projects: readonly KubeObject[]) {
  const all = async (
    kind: string,
    more: { readonly namespace?: string; readonly labelSelector?: string } = {},
  ): Promise<readonly KubeObject[] | null> => {
    const { namespace, ...selector } = more;
    const ref = { apiVersion: "v1", kind, ...(namespace === undefined ? {} : { namespace }) };
    const found = await listObjects(kube, ref, selector);
    return found.ok ? found.value : null;
  };
  const agents = { namespace: "seam-system", labelSelector: "app.kubernetes.io/name=seam-agent" };
  const [nodes, pods, own, experiments] = await Promise.all([
    all("Node"),
    all("Pod"),
    all("Pod", agents),
    visibleIn(kube, EXPERIMENTS, projects),
  ]);
  return { nodes, pods, agents: own, projects, experiments };
}

function addTopology(app: App, context: Context): void {
  app.get(
    "/api/v1/projects/:project/experiments/:name/topology",
    {
      schema: {
        ...describedIn("experiments")(
          "getTopology",
          "Workloads and services, who may speak to whom, and measured rates",
          { 200: Answer.topology },
        ),
        params: Params.inProject,
      },
      config,
    },
    async (request, reply) => {
      const kube = context.kube.inNameOf(principalOf(request).person);
      const { project, name } = request.params;
      return answer(request, reply, await topologyAt(context, kube, { namespace: project, name }));
    },
  );
}

type Place = { readonly namespace: string; readonly name: string };

/** As for tables of a project's pods. */
const MOST_PODS = 200;

async function topologyAt(
  context: Context,
  kube: KubeClient,
  { namespace, name }: Place,
): Promise<Result<object, Problem>> {
  const ref = { apiVersion: EXPERIMENTS.apiVersion, kind: EXPERIMENTS.kind, namespace, name };
  const experiment = await kube.get(ref);
  if (!experiment.ok) return err(ofSeam(fromKube(`get ${nameOf(ref)}`, experiment.error)));
  const selector = podsOfExperiment(name);
  const [pods, services, reach] = await Promise.all([
    listObjects(kube, { apiVersion: "v1", kind: "Pod", namespace }, selector),
    listObjects(kube, { apiVersion: "v1", kind: "Service", namespace }),
    tabulateReach(
      { kube, namespace },
      { ...selector, sources: [], ports: [], family: "ipv4", mostPods: MOST_PODS },
    ),
  ]);
  if (!pods.ok) return err(ofSeam(pods.error));
  if (!services.ok) return err(ofSeam(services.error));
  if (!reach.ok) return err(ofSeam(reach.error));
  const rates = await ratesOf(context, namespace, pods.value);
  const drawn = { experiment: experiment.value, pods: pods.value, services: services.value };
  const { matrix, notes } = reach.value;
  return ok({ ...topologyOf({ ...drawn, matrix, ...rates.found }), metrics: rates.state, notes });
}

const WINDOW_SECONDS = 20;
const UNKNOWN = { sent: null, received: null };

/** What the pods, which were listed in the caller's name, send and receive. */
async function ratesOf({ prometheus }: Context, namespace: string, pods: readonly KubeObject[]) {
  if (prometheus === null) return { state: "not-configured", found: UNKNOWN };
  const names = pods.map(({ metadata }) => metadata.name);
  const matchers = [`namespace="${namespace}"`, isOneOf("pod", names)];
  const [sent, received] = await Promise.all(
    ["sent", "received"].map(async (query) => {
      const expression = METRIC_QUERIES.get(query)?.expression({
        matchers,
        windowSeconds: WINDOW_SECONDS,
      });
      const found = await prometheus.now(expression ?? "");
      if (!found.ok) return null;
      return new Map(
        found.value.map((each) => [each.labels["pod"] ?? "", each.points[0]?.[1] ?? 0]),
      );
    }),
  );
  const isKnown =
    sent !== null && sent !== undefined && received !== null && received !== undefined;
  return isKnown
    ? { state: "ok", found: { sent, received } }
    : { state: "unavailable", found: UNKNOWN };
}
