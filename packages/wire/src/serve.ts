/** A gRPC server: with TLS on a port, without on loopback or on a unix socket that only its user may open. */
import { chmodSync, mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import type { DescService } from "@bufbuild/protobuf";
import type { Millis } from "@seam/base";
import { logVerbosity, Server, ServerCredentials, setLogVerbosity } from "@grpc/grpc-js";

import { Health } from "./gen/grpc/health/v1/health_pb.ts";
import { healthService } from "./health.ts";
import type { Listener, Method } from "./methods.ts";
import { reflectionService } from "./reflection.ts";

/** Where a server listens. There is no way to listen without TLS on an address that others reach. */
export type Place =
  | { readonly kind: "tls"; readonly port: number; readonly credentials: ServerCredentials }
  | { readonly kind: "loopback"; readonly port: number }
  | { readonly kind: "socket"; readonly path: string };

/** What is served. */
export type ServeOptions = {
  readonly place: Place;
  readonly services: readonly {
    readonly service: DescService;
    readonly methods: readonly Method[];
  }[];
  readonly listener: Listener;
  /** How long calls may go on after the server was told to end. */
  readonly grace: Millis;
};

/** A server that runs until disposed of. */
export type Serving = AsyncDisposable & {
  /** The address, as clients of gRPC name it. */
  readonly address: string;
  /** Says to clients that ask for health whether the services work. */
  readonly setServing: (serving: boolean) => void;
};

/** Connections of callers that vanished are noticed within 80 s; one caller's calls at a time are limited. */
const LIMITS = {
  "grpc.keepalive_time_ms": 60_000,
  "grpc.keepalive_timeout_ms": 20_000,
  "grpc.max_concurrent_streams": 100,
  // An object of the API server may be no larger than 1.5 MiB.
  "grpc.max_receive_message_length": 2 << 20,
  "grpc.enable_channelz": 0,
} as const;

/** Serves, with health and reflection beside; throws when the place cannot be listened on. */
export async function serve({ place, services, listener, grace }: ServeOptions): Promise<Serving> {
  // What the library would print is also what it answers.
  setLogVerbosity(logVerbosity.NONE);
  const server = new Server(LIMITS);
  const described = services.map(({ service }) => service);
  const health = healthService(described.map(({ typeName }) => typeName));
  const methods = [
    ...services.flatMap((each) => each.methods),
    ...health.methods,
    ...reflectionService([...described, Health]),
  ];
  for (const method of methods) method(server, listener);
  const address = await listen(server, place);
  return {
    address,
    setServing: health.set,
    [Symbol.asyncDispose]: async () => {
      health.set(false);
      await ended(server, grace);
    },
  };
}

async function listen(server: Server, place: Place): Promise<string> {
  switch (place.kind) {
    case "socket":
      return listenOnSocket(server, place.path);
    case "loopback": {
      const port = await bind(
        server,
        `127.0.0.1:${place.port}`,
        ServerCredentials.createInsecure(),
      );
      return `127.0.0.1:${port}`;
    }
    case "tls": {
      const { port, credentials } = place;
      const bound = await bind(server, `[::]:${port}`, credentials).catch(async () =>
        // A machine without IPv6.
        bind(server, `0.0.0.0:${port}`, credentials),
      );
      return `localhost:${bound}`;
    }
  }
}

/** Nobody but the user may enter the folder while the socket does not yet have its mode. */
async function listenOnSocket(server: Server, file: string): Promise<string> {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  rmSync(file, { force: true });
  const mask = process.umask(0o177);
  try {
    await bind(server, `unix:${file}`, ServerCredentials.createInsecure());
  } finally {
    process.umask(mask);
  }
  chmodSync(file, 0o600);
  return `unix:${file}`;
}

const bind = async (
  server: Server,
  address: string,
  credentials: ServerCredentials,
): Promise<number> =>
  new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, port) => {
      if (error === null) resolve(port);
      else reject(new Error(`cannot listen on ${address}: ${error.message}`));
    });
  });

/** No new calls; those that run may end. */
async function ended(server: Server, grace: Millis): Promise<void> {
  const timer = setTimeout(() => server.forceShutdown(), grace);
  await new Promise<void>((resolve) => {
    server.tryShutdown(() => resolve());
  });
  clearTimeout(timer);
}
