/** From the cluster's objects to what a node should look like; pure. */
export { type Endpoint, type HostPort, intendNode, type NodeFacts } from "./intend-node.ts";
