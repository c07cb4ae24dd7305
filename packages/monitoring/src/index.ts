/** What watches Seam: Grafana's dashboards and Prometheus' rules. */
export { dashboardOf } from "./dashboards.ts";
export { pages } from "./pages.ts";
export { ruleGroups } from "./rules.ts";
