/** The servers: gRPC in front of the objects (`main.ts`), and the HTTP API (`seam server`). */
export { type ApiServerSettings, runApiServer } from "./http/http-server.ts";
