/** The shapes of questions and answers about what pods print and what is told about objects. */
import { Type } from "typebox";
import { closed, objectName, open, ref, time, words } from "./schemas.ts";

/** Which part of a log. */
export const LogSearch = Type.Object(
  {
    container: Type.Optional(objectName("Absent: the pod's default one.")),
    tailLines: Type.Integer({
      description: "The last lines, so many at most.",
      minimum: 1,
      maximum: 10_000,
      default: 500,
    }),
    previous: Type.Boolean({
      description: "Of the container's run before this one.",
      default: false,
    }),
  },
  closed,
);

/** Which events. */
export const EventSearch = Type.Object(
  {
    kind: Type.Optional(
      Type.String({ description: "Of the object, such as Pod.", pattern: "^[A-Za-z]{1,63}$" }),
    ),
    name: Type.Optional(objectName("Of the object.")),
    type: Type.Optional(words(["Normal", "Warning"], "How bad it is.")),
    limit: Type.Integer({ description: "The newest.", minimum: 1, maximum: 500, default: 100 }),
  },
  closed,
);

const ObjectEvent = Type.Object(
  {
    at: time("When it last happened."),
    type: Type.String({ description: "Normal or Warning." }),
    reason: Type.String({ description: "One word for programs." }),
    message: Type.String(),
    count: Type.Integer({ description: "How often." }),
    source: Type.String({ description: "Who tells it." }),
    object: Type.Object({ kind: Type.String(), name: Type.String() }, closed),
  },
  closed,
);

const EventList = Type.Object(
  {
    items: Type.Array(ref("ObjectEvent"), { description: "The newest first." }),
    truncated: Type.Boolean({ description: "There are more." }),
  },
  closed,
);

const NodeView = Type.Object(
  {
    desired: Type.Object({}, open),
    observed: Type.Object({}, open),
    steps: Type.Array(Type.Object({}, open), { description: "The node's plan; empty: all is so." }),
    gates: Type.Array(Type.Object({}, open)),
  },
  { ...closed, description: "What a node should look like, and what it looks like." },
);

/** Components of the document. */
export const POD_COMPONENTS = { ObjectEvent, EventList, NodeView };
