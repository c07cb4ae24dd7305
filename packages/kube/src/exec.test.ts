/** The messages of a command that runs in a container. */
import { expect, test } from "vitest";
import { execPath, outcome, take, type Heard } from "./exec.ts";

const hear = (...messages: readonly (readonly [number, Buffer | string])[]): Heard => {
  const heard: Heard = { stdout: [], stderr: [], status: null };
  for (const [channel, payload] of messages)
    take(heard, Buffer.concat([Buffer.from([channel]), Buffer.from(payload)]));
  return heard;
};
const success = JSON.stringify({ status: "Success" });

test("output and errors are kept apart, and a character split over messages stays whole", () => {
  const euro = Buffer.from("€");
  const heard = hear(
    [1, ""],
    [1, euro.subarray(0, 1)],
    [2, "warn"],
    [1, euro.subarray(1)],
    [9, "unknown channel"],
    [3, success],
  );
  expect(outcome(heard)).toEqual({
    ok: true,
    value: { exitCode: 0, stdout: "€", stderr: "warn" },
  });
});

test("a command that failed has its exit code", () => {
  const causes = [{ reason: "ExitCode", message: "137" }];
  const status = { status: "Failure", reason: "NonZeroExitCode", details: { causes } };
  expect(outcome(hear([3, JSON.stringify(status)]))).toMatchObject({
    ok: true,
    value: { exitCode: 137 },
  });
});

test("a command that could not start is an error with the server's words", () => {
  const status = { status: "Failure", reason: "InternalError", message: "no such file", code: 500 };
  expect(outcome(hear([3, JSON.stringify(status)]))).toMatchObject({
    ok: false,
    error: { kind: "api", code: 500, message: "no such file" },
  });
});

test("a connection that closes without a status is an error", () => {
  expect(outcome(hear([1, "half"]))).toMatchObject({ ok: false, error: { kind: "transport" } });
});

test("each word of the command is a parameter of its own", () => {
  const ref = { namespace: "a", pod: "p-0", container: "main" };
  expect(execPath(ref, ["sh", "-c", "a & b"], { openStdin: true })).toBe(
    "/api/v1/namespaces/a/pods/p-0/exec?stdout=true&stderr=true&stdin=true&container=main&command=sh&command=-c&command=a+%26+b",
  );
});
