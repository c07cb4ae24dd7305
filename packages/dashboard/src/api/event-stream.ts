/** Server-sent events (HTML Living Standard section 9.2.6) of an answer's text, as it comes in pieces. */

/** One event; `data` is empty where it only moves the number on. */
export type StreamEvent = { readonly id: string; readonly name: string; readonly data: string };

/** A reader of pieces: answers the events that are complete with each. */
export function createEventReader(): (piece: string) => readonly StreamEvent[] {
  let rest = "";
  return (piece) => {
    const blocks = `${rest}${piece}`.replaceAll("\r\n", "\n").split("\n\n");
    rest = blocks.pop() ?? "";
    return blocks.map(eventOf).filter(({ id, data }) => id !== "" || data !== "");
  };
}

function eventOf(block: string): StreamEvent {
  const event = { id: "", name: "message", data: "" };
  const data: string[] = [];
  for (const line of block.split("\n")) {
    const [field = "", ...more] = line.split(":");
    const value = more.join(":").replace(/^ /, "");
    if (field === "id") event.id = value;
    else if (field === "event") event.name = value;
    else if (field === "data") data.push(value);
  }
  return { ...event, data: data.join("\n") };
}
