/** All dashboards. */
import { api } from "./api.ts";
import { bandwidth } from "./capacity.ts";
import { overview } from "./overview.ts";
import type { Page } from "./panels.ts";
import { server } from "./server.ts";
import { pods, policies } from "./workloads.ts";

/** In the order of the guide. */
export const pages: readonly Page[] = [overview, pods, bandwidth, policies, server, api];
