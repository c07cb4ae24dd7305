/** The servers: gRPC in front of the objects (`main.ts`), and the HTTP API (`seam server`). */
export { newAdminToken, type Surroundings } from "./http/first-run.ts";
export { type ApiServerSettings, runApiServer } from "./http/http-server.ts";
