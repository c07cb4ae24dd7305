/** The node's state as text, and the socket that tells it. */
import { err, ok, parseAddress, parseCidr, type Result } from "@seam/base";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { once } from "node:events";
import { connect } from "node:net";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

import { nodeView } from "./node-view.ts";
import { askNodeView, serveNodeView } from "./node-view-server.ts";

const unwrap = <T>(result: Result<T, string>): T => {
  if (!result.ok) throw new Error(result.error);
  return result.value;
};
const address = (text: string) => unwrap(parseAddress(text));
const cidr = (text: string) => unwrap(parseCidr(text));

let folder = "";
beforeAll(() => {
  folder = mkdtempSync("/tmp/seam-test-view-");
});
afterAll(() => rmSync(folder, { recursive: true }));

const route = { destination: cidr("fd00:1::/64"), via: address("fd00:200::12"), device: null };
const state = {
  sysctls: [{ key: "net.ipv4.ip_forward", value: "1" }],
  routes: [route],
  neighbours: [{ address: address("10.244.0.2"), mac: "02:00:00:00:00:01", device: "seam1" }],
  masquerade: { sources: [cidr("10.244.0.0/24")], exceptions: [] },
  portForwards: [],
  sourceGuard: true,
  sources: [],
  deviceAddresses: [],
  tunnel: null,
  forwarding: [],
  shaping: [],
  uplinks: [],
};

test("addresses and prefixes become text at every depth, all else stays", () => {
  const desired = {
    sysctls: [{ key: "net.ipv4.ip_forward", value: "1" }],
    routes: [{ destination: "fd00:1::/64", via: "fd00:200::12", device: null }],
    neighbours: [{ address: "10.244.0.2", mac: "02:00:00:00:00:01", device: "seam1" }],
    masquerade: { sources: ["10.244.0.0/24"], exceptions: [] },
    portForwards: [],
    sourceGuard: true,
    sources: [],
    deviceAddresses: [],
    tunnel: null,
    forwarding: [],
    shaping: [],
    uplinks: [],
  };
  const observed = { ...state, routes: [], masquerade: null };
  expect(
    nodeView({ desired: state, observed, steps: [{ kind: "add-route", route }] }),
  ).toStrictEqual({
    desired,
    observed: { ...desired, routes: [], masquerade: null },
    steps: [{ kind: "add-route", route: desired.routes[0] }],
  });
});

const now = { networkConfig: null };

test("the socket answers its owner alone, with what is so at that time", async () => {
  const socket = path.join(folder, "node.sock");
  const answers = [err("waiting for the first list of nodes"), ok({ steps: [] })];
  await using _server = await serveNodeView(
    socket,
    () => answers.shift() ?? err("asked too often"),
  );
  expect(statSync(socket).mode & 0o777).toBe(0o600);
  expect(await askNodeView(socket, now)).toEqual(err("waiting for the first list of nodes"));
  expect(await askNodeView(socket, now)).toEqual(ok({ steps: [] }));
});

test("the question reaches the view; what is none is answered too", async () => {
  const socket = path.join(folder, "asked.sock");
  await using _server = await serveNodeView(socket, ({ networkConfig }) =>
    ok({ overlay: networkConfig?.["overlay"] }),
  );
  const networkConfig = { overlay: "vxlan" };
  expect(await askNodeView(socket, { networkConfig })).toEqual(ok({ overlay: "vxlan" }));
  expect(await askNodeView(socket, now)).toEqual(ok({}));
  const connection = connect(socket).setEncoding("utf8");
  connection.write("nonsense\n");
  const [answer] = await once(connection, "data");
  expect(JSON.parse(String(answer))).toEqual(
    err("expected a question as one line with a JSON object"),
  );
});

test("without an agent the caller is told where it was looked for", async () => {
  const answer = await askNodeView(path.join(folder, "none.sock"), now);
  expect(answer.ok ? "" : answer.error).toMatch(/^no agent answers at .*none\.sock \(.*ENOENT.*\)/);
});
