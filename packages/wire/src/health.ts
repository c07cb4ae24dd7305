/** The health service of gRPC (grpc.health.v1): whether the server and each of its services works. */
import { create } from "@bufbuild/protobuf";
import { err, ok } from "@seam/base";

import {
  Health,
  type HealthCheckResponse,
  HealthCheckResponse_ServingStatus as ServingStatus,
  HealthCheckResponseSchema,
  HealthListResponseSchema,
} from "./gen/grpc/health/v1/health_pb.ts";
import { type Call, type Method, serverStreaming, unary } from "./methods.ts";

/** What is told of health, and to whom. */
export type HealthService = {
  readonly methods: readonly Method[];
  /** Says whether all services work; those who watch are told of a change. */
  readonly set: (serving: boolean) => void;
};

/** A health service for services of these full names; they do not work until told. */
export function healthService(names: readonly string[]): HealthService {
  let serving = false;
  const watchers = new Set<() => void>();
  const known = new Set(["", ...names]);
  const status = (): HealthCheckResponse =>
    create(HealthCheckResponseSchema, {
      status: serving ? ServingStatus.SERVING : ServingStatus.NOT_SERVING,
    });
  const changed = async (signal: AbortSignal): Promise<void> => {
    const change = Promise.withResolvers<void>();
    watchers.add(change.resolve);
    signal.addEventListener("abort", () => change.resolve(), { once: true });
    await change.promise;
    watchers.delete(change.resolve);
  };
  return {
    methods: [
      unary(Health.method.check, async ({ service }) =>
        known.has(service)
          ? ok(status())
          : err({ code: "NOT_FOUND", message: `service: expected ${listed(known)}` }),
      ),
      unary(Health.method.list, async () => {
        const statuses = Object.fromEntries([...known].map((name) => [name, status()]));
        return ok(create(HealthListResponseSchema, { statuses }));
      }),
      serverStreaming(Health.method.watch, async function* ({ service }, { signal }: Call) {
        const strange = create(HealthCheckResponseSchema, {
          status: ServingStatus.SERVICE_UNKNOWN,
        });
        while (!signal.aborted) {
          yield known.has(service) ? status() : strange;
          await changed(signal);
        }
        return ok(undefined);
      }),
    ],
    set: (now) => {
      if (now === serving) return;
      serving = now;
      for (const tell of watchers) tell();
    },
  };
}

const listed = (known: ReadonlySet<string>): string =>
  [...known].map((name) => (name === "" ? "nothing" : name)).join(" or ");
