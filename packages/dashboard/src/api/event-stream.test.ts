/** Events are read from pieces, wherever they are cut (S11). */
import { expect, test } from "vitest";
import { createEventReader } from "./event-stream.ts";

const TEXT = 'retry: 1000\n\n:\n\nid: 7\nevent: revision\ndata: {"a":\ndata: 1}\n\nid: 8\n\n';
const EVENTS = [
  { id: "7", name: "revision", data: '{"a":\n1}' },
  { id: "8", name: "message", data: "" },
];

test("whole text gives its events, and so does text in pieces of any length", () => {
  for (const size of [1, 2, 3, 7, TEXT.length]) {
    const read = createEventReader();
    const events = [];
    for (let at = 0; at < TEXT.length; at += size) events.push(...read(TEXT.slice(at, at + size)));
    expect(events, `pieces of ${size}`).toEqual(EVENTS);
  }
});

test("an event that is not complete is kept for the next piece", () => {
  const read = createEventReader();
  expect(read("id: 1\ndata: x\n")).toEqual([]);
  expect(read("\n")).toEqual([{ id: "1", name: "message", data: "x" }]);
});
