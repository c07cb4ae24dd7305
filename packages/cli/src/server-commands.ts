/** How `seam server` is called. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { later, withCluster, withExamples } from "./definition.ts";
import { withStore } from "./store-commands.ts";

/** Adds the command to the program. */
export function addServerCommand(program: Command): void {
  const command = program
    .command("server")
    .description("serve the HTTP API, with its accounts and its store, until it is told to end");
  withExamples(
    withStore(withCluster(command))
      .option(
        "--host <address>",
        "address to listen on; one of this machine without TLS",
        "127.0.0.1",
      )
      .option("--port <port>", "port of the API", portOf, 9850)
      .option(
        "--health-host <address>",
        "address of /healthz, /readyz and /metrics; default: that of the API",
      )
      .option("--health-port <port>", "port of /healthz, /readyz and /metrics", portOf, 9851)
      .option(
        "--dashboard <folder>",
        "folder of the built dashboard; that of this checkout when absent",
      )
      .option("--tls-cert <file>", "certificate in PEM form, with those of its authorities")
      .option("--tls-key <file>", "its key in PEM form")
      .option(
        "--prometheus <url>",
        "base URL of the Prometheus that metrics of pods and nodes are asked of",
        urlOf,
      )
      .addOption(
        new Option("--log-level <level>", "the least that is logged")
          .choices(["info", "warn", "error"])
          .default("info"),
      )
      .option("--new-admin-token", "print a new token of the account admin, as at the first start")
      .action(later(async () => (await import("./server.ts")).server)),
    "seam server",
    "seam server --host 0.0.0.0 --tls-cert tls.crt --tls-key tls.key --url-file database-url",
  );
}

/** Adds the command that prints a new token of the first account. */
export function addTokenCommand(program: Command): void {
  withExamples(
    withStore(
      withCluster(
        program
          .command("token")
          .description("print a new token of the API's account admin, also while the server runs"),
      ),
    ).action(later(async () => (await import("./server.ts")).token)),
    "seam token",
    "kubectl -n seam-system exec deployment/seam-api -- seam token",
  );
}

/** Adds the command that opens a way to the server of a cluster. */
export function addOpenCommand(program: Command): void {
  withExamples(
    withCluster(
      program
        .command("open")
        .description("open a way to a cluster's API server, and say how to sign in there"),
    )
      .option("--port <port>", "port on this machine; 0: one that is free", portOf, 9850)
      .option("--no-browser", "only print the address, also where there is a screen")
      .action(later(async () => (await import("./open.ts")).open)),
    "seam open",
    "seam open --port 0 --no-browser",
  );
}

function urlOf(text: string): URL {
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol) && url.search === "" && url.hash === "")
    return url;
  throw new InvalidArgumentError("Expected a URL, for example http://127.0.0.1:9090.");
}

function portOf(text: string): number {
  if (/^[0-9]{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new InvalidArgumentError("Expected a port from 0 to 65535, for example 9850.");
}
