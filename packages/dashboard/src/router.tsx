/** Which page is at which path. */
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
} from "@tanstack/react-router";
import { AuditPage } from "./pages/audit.tsx";
import { Failed, Missing, Shell } from "./pages/shell.tsx";
import { OverviewPage } from "./pages/overview.tsx";
import { ProjectsPage } from "./pages/projects.tsx";

const root = createRootRoute({
  component: Shell,
  errorComponent: Failed,
  notFoundComponent: Missing,
});

const paged = <T extends string>(path: T) => ({ getParentRoute: () => root, path }) as const;

const project = createRoute({
  ...paged("/projects/$project"),
  component: lazyRouteComponent(() => import("./pages/project.tsx"), "ProjectPage"),
});
const kinds = createRoute({
  ...paged("/projects/$project/$kind"),
  component: lazyRouteComponent(() => import("./pages/object-list.tsx"), "ObjectListPage"),
});
const newObject = createRoute({
  ...paged("/projects/$project/$kind/new"),
  component: lazyRouteComponent(() => import("./pages/new-object.tsx"), "NewObjectPage"),
});
const object = createRoute({
  ...paged("/projects/$project/$kind/$name"),
  component: lazyRouteComponent(() => import("./pages/object.tsx"), "ObjectPage"),
});

const tree = root.addChildren([
  createRoute({ ...paged("/"), component: OverviewPage }),
  createRoute({ ...paged("/projects"), component: ProjectsPage }),
  project,
  kinds,
  newObject,
  object,
  createRoute({
    ...paged("/projects/$project/benchmarks"),
    component: lazyRouteComponent(() => import("./pages/benchmarks.tsx"), "BenchmarksPage"),
  }),
  createRoute({
    ...paged("/projects/$project/activity"),
    component: lazyRouteComponent(() => import("./pages/activity.tsx"), "ActivityPage"),
  }),
  createRoute({
    ...paged("/nodes"),
    component: lazyRouteComponent(() => import("./pages/nodes.tsx"), "NodesPage"),
  }),
  createRoute({
    ...paged("/bandwidth"),
    component: lazyRouteComponent(() => import("./pages/bandwidth.tsx"), "BandwidthPage"),
  }),
  createRoute({
    ...paged("/audit"),
    validateSearch: (search: { readonly project?: unknown; readonly result?: unknown }) => ({
      ...(typeof search.project === "string" ? { project: search.project } : {}),
      ...(typeof search.result === "string" ? { result: search.result } : {}),
    }),
    component: AuditPage,
  }),
  createRoute({
    ...paged("/tokens"),
    component: lazyRouteComponent(() => import("./pages/tokens.tsx"), "TokensPage"),
  }),
  createRoute({
    ...paged("/accounts"),
    component: lazyRouteComponent(() => import("./pages/accounts.tsx"), "AccountsPage"),
  }),
  createRoute({
    ...paged("/settings"),
    component: lazyRouteComponent(() => import("./pages/settings.tsx"), "SettingsPage"),
  }),
]);

export const router = createRouter({ routeTree: tree, defaultPreload: "intent" });

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
