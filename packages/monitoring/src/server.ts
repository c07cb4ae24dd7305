/** gRPC calls. */
import { type Page, lines, query, rateBy, slowest } from "./panels.ts";

/** The page. */
export const server: Page = {
  name: "server",
  title: "Seam: server",
  variables: [],
  panels: [
    lines(
      { title: "gRPC calls", description: "Calls that ended, by method and code.", unit: "reqps" },
      query(rateBy("method, code", "seam_grpc_calls_total"), "{{method}} {{code}}"),
    ),
    lines(
      {
        title: "Time of gRPC calls, p99",
        description: "A watch takes until it ends.",
        unit: "s",
      },
      query(slowest("method", "seam_grpc_call_duration_seconds"), "{{method}}"),
    ),
    lines(
      { title: "Open gRPC calls", description: "Watches, mostly.", unit: "short" },
      query("sum by (method) (seam_grpc_open_calls)", "{{method}}"),
    ),
  ],
};
