/** Requests of the HTTP API; a cluster without one shows 0. */
import { figure, lines, OVER, type Page, query, rateBy } from "./panels.ts";

const REQUESTS = "seam_http_request_duration_seconds";
/** Watchers' requests take as long as they watch. */
const SHORT = '{route!="/api/v1/changes"}';

/** The page. */
export const api: Page = {
  name: "api",
  title: "Seam: API",
  variables: [],
  panels: [
    lines(
      { title: "Requests", description: "Requests that ended, by status.", unit: "reqps" },
      query(rateBy("status", `${REQUESTS}_count`), "{{status}}"),
    ),
    lines(
      {
        title: "Requests, by route",
        description: "What is asked most.",
        unit: "reqps",
      },
      query(rateBy("method, route", `${REQUESTS}_count`), "{{method}} {{route}}"),
    ),
    lines(
      {
        title: "Time of requests, p99",
        description: "Of each route, without those of watchers, which take as long as they watch.",
        unit: "s",
      },
      query(
        `histogram_quantile(0.99, sum by (le, route) (rate(${REQUESTS}_bucket${SHORT}${OVER}))) or vector(0)`,
        "{{route}}",
      ),
    ),
    figure(
      {
        title: "Requests that fail",
        description:
          "Share of answers of 500 and more: the store or the cluster is away. See: kubectl logs -n seam-system deployment/seam-api",
        unit: "percentunit",
      },
      `(sum(rate(${REQUESTS}_count{status=~"5.."}${OVER})) / sum(rate(${REQUESTS}_count${OVER}))) or vector(0)`,
    ),
  ],
};
