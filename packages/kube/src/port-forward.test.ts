import { expect, test } from "vitest";
import { listener } from "./port-forward.ts";

function heard(...messages: readonly string[]): {
  readonly data: string;
  readonly failures: string;
} {
  const told = { data: "", failures: "" };
  const hear = listener(
    (part) => (told.data += part.toString()),
    (text) => (told.failures += text),
  );
  for (const message of messages) hear(Buffer.from(message, "latin1"));
  return told;
}

test("the first message of each channel is the port, all others are what the pod sent", () => {
  const port = "\u007a\u0026";
  expect(heard(`\0${port}`, `\u0001${port}`, "\0HTTP/1.1 200", "\0 OK")).toEqual({
    data: "HTTP/1.1 200 OK",
    failures: "",
  });
});

test("what went wrong at the pod's end is told", () => {
  const port = "\u007a\u0026";
  expect(heard(`\0${port}`, `\u0001${port}`, "\u0001connection refused").failures).toBe(
    "connection refused",
  );
});
