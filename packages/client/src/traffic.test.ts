/** Which routes are measured, what the tools' output means, and the table. */
import type { Experiment } from "@seam/api";
import { err, mbps, ok } from "@seam/base";
import { expect, test } from "vitest";
import { selectRoutes } from "./traffic-routes.ts";
import { renderTraffic } from "./traffic-table.ts";
import { isTooEarly, roundTrips, servedBy, stream, toolReason } from "./traffic-tools.ts";

const pod = (name: string, node: string, ...addresses: string[]) => ({ name, node, addresses });
const experiment = (workloads: { name: string; pods: ReturnType<typeof pod>[] }[]): Experiment => ({
  apiVersion: "seam.ucsd.edu/v1alpha1",
  kind: "Experiment",
  metadata: { name: "e", namespace: "a" },
  spec: { workloads: workloads.map(({ name }) => ({ name, image: "i" })) },
  status: {
    workloads: workloads.map((each) => ({ ...each, ready: 1, desired: each.pods.length })),
  },
});
const shown = (given: Experiment): readonly string[] =>
  selectRoutes(given).map(
    ({ from, to, family, place }) =>
      `${from.pod}@${from.node} > ${to.pod}@${to.node} ${to.address} ${family} ${place}`,
  );

const server = {
  name: "server",
  pods: [pod("server-0", "n1", "10.0.1.1", "fd00:1::1"), pod("server-1", "n2", "10.0.2.1")],
};
const client = { name: "client", pods: [pod("client-0", "n2", "10.0.2.2", "fd00:2::2")] };

test("the later workload asks the earlier one, once for each family and place that exists", () => {
  expect(shown(experiment([server, client]))).toEqual([
    "client-0@n2 > server-1@n2 10.0.2.1 IPv4 same node",
    "client-0@n2 > server-0@n1 10.0.1.1 IPv4 across nodes",
    "client-0@n2 > server-0@n1 fd00:1::1 IPv6 across nodes",
  ]);
});

test("every pair of three workloads is measured", () => {
  const other = { name: "other", pods: [pod("other-0", "n1", "10.0.1.9")] };
  const pairs = selectRoutes(experiment([server, client, other])).map(
    ({ from, to }) => `${from.workload} > ${to.workload}`,
  );
  expect([...new Set(pairs)]).toEqual(["client > server", "other > server", "other > client"]);
});

test("a single workload is measured between its own pods, never with itself", () => {
  expect(shown(experiment([server]))).toEqual([
    "server-0@n1 > server-1@n2 10.0.2.1 IPv4 across nodes",
  ]);
  expect(shown(experiment([client]))).toEqual([]);
});

test("a pod that is not placed yet, or an experiment without status, gives no route", () => {
  const pending = { name: "p", pods: [{ name: "p-0", addresses: ["10.0.1.7"] }] };
  const given = experiment([server]);
  expect(
    selectRoutes({
      ...given,
      status: { workloads: [{ ...pending, ready: 0, desired: 1 }, ...given.status!.workloads!] },
    }),
  ).toEqual([]);
  const { status: _, ...bare } = given;
  expect(selectRoutes(bare)).toEqual([]);
});

test("iperf3's JSON: rate as received, retransmits as sent; or its error", () => {
  const end = {
    sum_sent: { bits_per_second: 9.9e9, retransmits: 12 },
    sum_received: { bits_per_second: 9_412_345_678 },
  };
  expect(stream.read(JSON.stringify({ start: {}, end }))).toEqual(
    ok({ rate: 9412.345678, retransmits: 12 }),
  );
  const failure = "error - unable to connect to server: Connection refused";
  expect(stream.read(JSON.stringify({ start: {}, end: {}, error: failure }))).toEqual(
    err("unable to connect to server: Connection refused"),
  );
  expect(stream.read("killed")).toEqual(err("iperf3 printed no result: killed"));
});

test("rr's JSON, and what is not", () => {
  const text = '{"transactions":9,"p50_us":30.5,"p99_us":80,"min_us":20,"max_us":900}\n';
  expect(roundTrips.read(text)).toEqual(ok({ p50Us: 30.5, p99Us: 80 }));
  expect(roundTrips.read("")).toEqual(err("rr printed no round-trip times: nothing"));
});

test("iperf3 is told of IPv6, and the server's words reach it as they are", () => {
  expect(stream.client("fd00::1", 4000, 2)).toContain("-6");
  expect(stream.client("10.0.0.1", 4000, 2)).not.toContain("-6");
  const words = servedBy(stream.server(4000)).slice(3);
  expect(words.join(" ")).toBe("serve iperf3 -s -1 -p 4000");
});

test.each([
  ['exec failed: exec: "sh": executable file not found in $PATH', "has no sh"],
  ["rr: not found", "has no rr"],
  ["sh: 1: iperf3: not found", "has no iperf3"],
])("%s names the missing tool and an image that has it", (said, reason) => {
  expect(toolReason(said, "p-0")).toContain(`the image of pod p-0 ${reason}`);
  expect(toolReason(said, "p-0")).toContain("localhost/seam/traffic:dev");
});

test("only a refused connection is tried again", () => {
  expect(isTooEarly("connect: Connection refused")).toBe(true);
  expect(isTooEarly("unable to connect to server: Connection timed out")).toBe(false);
  expect(toolReason("connect: Connection timed out", "p")).toBe("connect: Connection timed out");
});

test("a table: numbers to the right, each reason once below", () => {
  const [first, second, third] = selectRoutes(experiment([server, client]));
  const measured = {
    latency: ok({ p50Us: 34.25, p99Us: 112.7 }),
    throughput: ok({ rate: mbps(9412.3), retransmits: 3 }),
  };
  const none = { latency: err("no pods may be made"), throughput: err("no pods may be made") };
  const half = { latency: measured.latency, throughput: err("iperf3 is missing") };
  const rows = [
    { route: first!, pods: measured, host: none },
    { route: second!, pods: half, host: none },
    { route: third!, pods: measured, host: measured },
  ];
  expect(renderTraffic(rows)).toBe(
    `
                                       pods                          host
FROM      TO        FAMILY  NODES    p50 us  p99 us  Mbit/s  retr  p50 us  p99 us  Mbit/s  retr
client-0  server-1  IPv4    n2         34.3     113    9412     3     [1]             [1]
client-0  server-0  IPv4    n2 > n1    34.3     113     [2]           [1]             [1]
client-0  server-0  IPv6    n2 > n1    34.3     113    9412     3    34.3     113    9412     3
[1] no pods may be made
[2] iperf3 is missing`.slice(1),
  );
});
