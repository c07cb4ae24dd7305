/** NetworkPolicies that people ask for in a line: one cell of the table of who reaches whom, or none of it. Pure. */
import { err, ok, type Result } from "@seam/base";
import { TO_DNS } from "@seam/compose";
import type { Json, KubeObject } from "@seam/kube";
import { createHash } from "node:crypto";

import { readPortWord } from "./port-word.ts";

/** Which pods may open connections to which: labels such as `app=web,tier=front`, ports such as 5432/tcp, 80 or http/tcp. */
export type Allowance = {
  readonly namespace: string;
  readonly from: string;
  readonly to: string;
  /** None: all ports of all protocols. */
  readonly ports: readonly string[];
};

/** The policies that open this one cell, on both its sides; an error names what cannot be read. */
export function allowancePolicies(allowance: Allowance): Result<readonly KubeObject[], string> {
  const { namespace, from, to } = allowance;
  const [client, server] = [labelsOf("--from", from), labelsOf("--to", to)];
  if (!client.ok) return client;
  if (!server.ok) return server;
  const ports: Json[] = [];
  for (const text of allowance.ports) {
    const port = portOf(text);
    if (!port.ok) return port;
    ports.push(port.value);
  }
  const [clients, servers] = [client.value, server.value].map((matchLabels) => ({
    podSelector: { matchLabels },
  }));
  const rule = ports.length === 0 ? {} : { ports };
  const name = `allow-${nameOf(allowance)}`;
  return ok([
    policy(namespace, `${name}-in`, {
      ...servers,
      policyTypes: ["Ingress"],
      ingress: [{ from: [clients], ...rule }],
    }),
    policy(namespace, `${name}-out`, {
      ...clients,
      policyTypes: ["Egress"],
      egress: [{ to: [servers], ...rule }, TO_DNS],
    }),
  ]);
}

/** The policy that closes a namespace, but for questions to the cluster's DNS. */
export const denialPolicy = (namespace: string): KubeObject =>
  policy(namespace, "deny-all", {
    podSelector: {},
    policyTypes: ["Ingress", "Egress"],
    egress: [TO_DNS],
  });

const policy = (namespace: string, name: string, spec: Json): KubeObject => ({
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { name, namespace },
  spec,
});

function labelsOf(option: string, text: string): Result<Json, string> {
  const pairs = text.split(",").map((part) => part.trim().split("="));
  const isWhole = pairs.every(
    ([key = "", value, ...more]) => key !== "" && value !== undefined && more.length === 0,
  );
  return isWhole
    ? ok(Object.fromEntries(pairs.map(([key = "", value = ""]) => [key, value])))
    : err(`${option}: expected labels such as app=web or app=web,tier=front; found "${text}"`);
}

const PORT_NAME = /^[a-z0-9-]{1,15}$/;

function portOf(text: string): Result<Json, string> {
  const word = readPortWord(text);
  return word === null || (typeof word.port === "string" && !PORT_NAME.test(word.port))
    ? err(`--port: expected a number or a port's name, such as 5432/tcp or http; found "${text}"`)
    : ok(word);
}

/** Says who and whom, and is that of no other allowance. */
function nameOf({ from, to, ports }: Allowance): string {
  const words = [from, to].map((text) =>
    text
      .replaceAll(/[^,]*=/g, "")
      .replaceAll(/[^a-z0-9]+/gi, "-")
      .toLowerCase()
      .slice(0, 18),
  );
  const digest = createHash("sha256")
    .update(JSON.stringify([from, to, ...ports]))
    .digest("hex");
  return `${words.join("-to-")}-${digest.slice(0, 6)}`.replaceAll(/-+/g, "-");
}
