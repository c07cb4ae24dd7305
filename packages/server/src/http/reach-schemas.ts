/** The shapes of questions and answers about who may speak to whom. */
import { Type } from "typebox";
import { closed, objectName, open, orNull, ref, words } from "./schemas.ts";

const FAMILY = ["ipv4", "ipv6"] as const;
const family = words(FAMILY, "Family of addresses.");

/** An end or a port as `seam can` takes it. */
const word = (description: string) =>
  Type.String({ description, minLength: 1, maxLength: 600, pattern: "^[!-~]+$" });

/** Kinds by which somebody may be let through or not, and what these refer to. */
const MANIFEST = Type.Object(
  {
    apiVersion: Type.String({
      description: "Of policies, of what they refer to, or of experiments.",
      pattern:
        "^(networking\\.k8s\\.io|policy\\.networking\\.k8s\\.io|(crd\\.)?projectcalico\\.org|seam\\.ucsd\\.edu)/v[a-z0-9]{1,20}$",
    }),
    kind: Type.String({ minLength: 1, maxLength: 63 }),
    metadata: Type.Object({ name: objectName("Name of the object.") }, open),
    spec: Type.Object({}, open),
  },
  { ...closed, description: "A manifest." },
);

const REMOVED = Type.Object(
  {
    kind: words(["NetworkPolicy"], "Kind of the object."),
    name: objectName("Name of the object."),
  },
  closed,
);

/** What a table is asked for with. */
export const ReachBody = Type.Object(
  {
    ports: Type.Array(word("As 80/TCP."), {
      description: "Absent or empty: all that containers and policies name, and the others as one.",
      maxItems: 32,
      default: [],
    }),
    family: Type.Unsafe<(typeof FAMILY)[number]>({
      type: "string",
      enum: [...FAMILY],
      default: "ipv4",
    }),
    apply: Type.Array(MANIFEST, {
      description: "What would be applied; nothing is written.",
      maxItems: 20,
      default: [],
    }),
    remove: Type.Array(REMOVED, {
      description: "What would be deleted; nothing is.",
      maxItems: 20,
      default: [],
    }),
  },
  closed,
);

/** What is asked of two ends. */
export const CanTalkQuery = Type.Object(
  {
    from: word("POD, PROJECT/POD, node:NAME or an address."),
    to: word("POD, PROJECT/POD, node:NAME or an address."),
    port: word("80, 80/UDP, the name of a port of the destination, icmp, icmp/TYPE/CODE."),
    family: Type.Optional(family),
  },
  closed,
);

const Reach = Type.Object(
  {
    kind: words(
      ["all", "only", "all but"],
      "All ports, these (none: nothing passes), or all but these.",
    ),
    ports: Type.Array(Type.String({ description: "As 80/TCP, or `other TCP`." })),
  },
  closed,
);

const ReachGroup = Type.Object(
  {
    name: Type.String({ description: "Pods that nothing tells apart stand together, as web-*." }),
    project: Type.String(),
    pods: Type.Array(Type.String()),
  },
  closed,
);

const ReachMatrix = Type.Object(
  {
    groups: Type.Array(ref("ReachGroup")),
    cells: Type.Array(
      Type.Array(Type.Object({ now: ref("Reach"), after: orNull(ref("Reach")) }, closed)),
      { description: "A row for each group that speaks, a column for each that is spoken to." },
    ),
    notes: Type.Array(Type.String({ description: "What could not be taken into account." })),
  },
  closed,
);

const ReachSide = Type.Object(
  {
    allowed: Type.Boolean(),
    text: Type.String({ description: "What decides, as the end of a sentence about the end." }),
    policies: Type.Array(
      Type.Object(
        {
          group: Type.String({ description: "API group, such as networking.k8s.io." }),
          kind: Type.String(),
          project: orNull(Type.String({ description: "Null: of the whole cluster." })),
          name: Type.String(),
        },
        closed,
      ),
      { description: "Those that decide." },
    ),
  },
  closed,
);

const ReachAnswer = Type.Object(
  {
    allowed: Type.Boolean(),
    from: Type.String(),
    to: Type.String(),
    traffic: Type.String({ description: "As `port 80/TCP`." }),
    family,
    egress: ref("ReachSide"),
    ingress: ref("ReachSide"),
    remedies: Type.Array(Type.String(), { description: "What to write, in words." }),
    manifests: Type.Array(ref("Object"), {
      description: "Policies that would allow it, where these are enough.",
    }),
    notes: Type.Array(Type.String({ description: "What could not be taken into account." })),
  },
  closed,
);

/** Components of the document. */
export const REACH_COMPONENTS = { Reach, ReachGroup, ReachMatrix, ReachSide, ReachAnswer };
