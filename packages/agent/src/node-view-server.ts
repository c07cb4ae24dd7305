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

/** What is asked. */
export type ViewQuestion = {
  /** The `spec` of a NetworkConfig: the view is as if the cluster had it; null asks for what is so. */
  readonly networkConfig: Json | null;
};

/** The view, with the NetworkConfig that it is for; or why there is none. */
export type ViewAnswer = Result<Json, string>;

/** A question is one line of JSON; longer than any NetworkConfig, so that what never ends is cut off. */
const LONGEST_QUESTION = 1024 * 1024;

/** Listens until disposed of; `view` is asked anew for every caller. */
export async function serveNodeView(
  socketPath: string,
  view: (question: ViewQuestion) => ViewAnswer,
): Promise<AsyncDisposable> {
  return listenPrivately(socketPath, (connection) => {
    let line = "";
    connection.setEncoding("utf8");
    connection.on("error", () => connection.destroy());
    connection.on("data", (chunk: string) => {
      line += chunk;
      if (line.length > LONGEST_QUESTION) return void connection.destroy();
      if (!line.endsWith("\n")) return;
      connection.pause();
      connection.end(JSON.stringify(answerTo(line, view)));
    });
  });
}

function answerTo(line: string, view: (question: ViewQuestion) => ViewAnswer): ViewAnswer {
  const question = parsed(line);
  if (!isJson(question)) return err("expected a question as one line with a JSON object");
  const { networkConfig } = question;
  return view({ networkConfig: isJson(networkConfig) ? networkConfig : null });
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** Asks the agent of this node. */
export async function askNodeView(socketPath: string, question: ViewQuestion): Promise<ViewAnswer> {
  try {
    const connection = connect(socketPath);
    connection.write(`${JSON.stringify(question)}\n`);
    const answer: unknown = JSON.parse(await text(connection));
    if (!isJson(answer)) return err("the agent's answer is not a JSON object");
    const { value } = answer;
    return answer["ok"] === true && isJson(value) ? ok(value) : err(String(answer["error"]));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return err(`no agent answers at ${socketPath} (${why}); it may just be starting`);
  }
}
