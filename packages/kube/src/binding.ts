/** Bindings: the one write by which a pod gets its node (core/v1, pods/binding). */
import { type Millis, millis, ok } from "@seam/base";
import type { Answer } from "./client.ts";
import type { Transport } from "./transport.ts";

/** A pod by name, and by the uid that makes sure that it is not a later one of the same name. */
export type BoundPod = { readonly namespace: string; readonly name: string; readonly uid: string };

/**
 * Binds a pod to a node; a pod that is bound already, or gone, is a conflict or not found. The API server does not begin to write later
 * than `within` after it was asked (its query parameter `timeout`), and is not waited for longer than that.
 */
export type Bind = (pod: BoundPod, node: string, within?: Millis) => Answer<void>;

const PATIENCE = millis(60_000);

/** `bind` over a transport. */
export const bindOver =
  (transport: Transport): Bind =>
  async ({ namespace, name, uid }, node, within = PATIENCE) => {
    const pod = `${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}`;
    const bound = await transport.send({
      method: "POST",
      path: `/api/v1/namespaces/${pod}/binding?timeout=${within}ms`,
      body: {
        apiVersion: "v1",
        kind: "Binding",
        metadata: { namespace, name, uid },
        target: { apiVersion: "v1", kind: "Node", name: node },
      },
      inactivity: within,
    });
    return bound.ok ? ok(undefined) : bound;
  };
