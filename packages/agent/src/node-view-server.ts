/**
 * Who asks what the node should look like: a unix socket that only root of the node may open, as architecture
 * section 6 wants between processes. The HTTP port is on the node's network, where every process of the node,
 * and every pod that shares it, could ask as well. Each caller gets one JSON document.
 */
import { err, ok, type Result } from "@seam/base";
import { isJson, type Json } from "@seam/kube";
import { connect } from "node:net";
import { text } from "node:stream/consumers";

import { listenPrivately } from "./private-socket.ts";

/** The view, or why there is none yet. */
export type ViewAnswer = Result<Json, string>;

/** Listens until disposed of; `view` is asked anew for every caller. */
export async function serveNodeView(
  socketPath: string,
  view: () => ViewAnswer,
): Promise<AsyncDisposable> {
  return listenPrivately(socketPath, (connection) => {
    connection.on("error", () => connection.destroy());
    connection.end(JSON.stringify(view()));
  });
}

/** Asks the agent of this node. */
export async function askNodeView(socketPath: string): Promise<ViewAnswer> {
  try {
    const answer: unknown = JSON.parse(await text(connect(socketPath)));
    if (!isJson(answer)) return err("the agent's answer is not a JSON object");
    const { value } = answer;
    return answer["ok"] === true && isJson(value) ? ok(value) : err(String(answer["error"]));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return err(`no agent answers at ${socketPath} (${why}); it may just be starting`);
  }
}
