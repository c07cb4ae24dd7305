/** The agent on each node: CNI, and the node kept as intent says. */
export { type AgentOptions, runAgent } from "./agent.ts";
