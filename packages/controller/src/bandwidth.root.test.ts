/** The objects of nodes' bandwidth (V1, V2, V3, V15, V16), by the controller's process on a real API server, with its own rights alone. */
import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { BANDWIDTH_KIND } from "@seam/api";
import { children, type Json } from "@seam/kube";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type BandwidthCluster,
  type BandwidthView,
  figures,
  makeNode,
  merge,
  SOON,
  startBandwidthCluster,
  tellLinkSpeed,
  viewBandwidth,
} from "./bandwidth.fixture.ts";

/** As the README of vaclab-k8s-plugins shows it. */
const README = `apiVersion: networking.vaclab.org/v1
kind: Bandwidth
metadata:
  name: node-name
spec:
  capacity:
    local:
      ulMbps: 20000  # OVS uplink capacity in Mbps
      dlMbps: 20000  # OVS downlink capacity in Mbps
    network:
      ulMbps: 1000   # Physical NIC egress capacity
      dlMbps: 1000   # Physical NIC ingress capacity
  reservations: []   # List of pod bandwidth reservations
`;
const FULL = "local 20000/20000 network 1000/1000";
let cluster: BandwidthCluster;
let view: BandwidthView;

beforeAll(async () => {
  cluster = await startBandwidthCluster();
  view = viewBandwidth(cluster.client);
  cluster.startController();
});

afterAll(async () => {
  await view[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
});

describe("an object for each node", () => {
  test("comes with the node, with all that is left from the first status on (V2, V3)", async () => {
    const uid = await makeNode(cluster, "n1");
    await view.expectState("n1", "Created");
    const { metadata, spec, status: said } = await view.get("n1");
    expect(metadata["ownerReferences"]).toEqual([
      { apiVersion: "v1", kind: "Node", name: "n1", uid },
    ]);
    expect(spec.node).toBe("n1");
    expect(figures(spec.capacity)).toBe(FULL);
    expect(said).toMatchObject({ errorReason: "", reservations: [] });
    expect(figures(said?.capacity)).toBe(FULL);
    expect(figures(said?.used)).toBe("local 0/0 network 0/0");
    expect(figures(said?.remaining)).toBe(FULL);
    expect(said?.updatedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    const written = view.history.filter(({ status: each }) => each !== undefined);
    expect(written.length).toBeGreaterThan(0);
    for (const each of written) expect(each["status"]).toHaveProperty("remaining.network.ulMbps");
  });

  test("has the columns of the contract and no short name (V15)", async () => {
    const [header, line] = (await cluster.k("get", "bandwidths")).trim().split("\n");
    expect(header?.split(/ +/).join()).toBe("NAME,NODE,UL,DL,UUL,UDL,LUL,LDL,ULUL,ULDL,STATE,AGE");
    expect(line).toMatch(/^n1 +n1 +1000 +1000 +0 +0 +20000 +20000 +0 +0 +Created +\w+$/);
    await expect(cluster.k("get", "bw")).rejects.toThrow(/resource type "bw"/);
  });

  test("tells its steps as events (V16)", async () => {
    await expect
      .poll(() => view.told("Bandwidth/n1").toSorted(), SOON)
      .toEqual([
        "Normal vaclab_node_bandwidth_created: the bandwidth of node n1 is accounted",
        "Normal vaclab_node_bandwidth_creating: the bandwidth of node n1 is accounted as soon as the node and its pods are known",
      ]);
  });

  test("goes with the node, and comes again with the next one of that name (V2)", async () => {
    await makeNode(cluster, "n2");
    await view.expectState("n2", "Created");
    const before = (await view.get("n2")).metadata;
    await cluster.client.delete({ apiVersion: "v1", kind: "Node", name: "n2" });
    await expect.poll(() => view.object("n2"), SOON).toBeUndefined();
    await expect
      .poll(() => view.told("Bandwidth/n2").join("\n"), SOON)
      .toMatch(/vaclab_node_bandwidth_deleting(.|\n)*vaclab_node_bandwidth_deleted/);
    const uid = await makeNode(cluster, "n2");
    await view.expectState("n2", "Created");
    const { metadata } = await view.get("n2");
    expect(metadata["uid"]).not.toBe(before["uid"]);
    expect(metadata["ownerReferences"]).toMatchObject([{ uid }]);
  });

  test("is unmoved by labels of the node (V2)", async () => {
    const { resourceVersion } = (await view.get("n1")).metadata;
    await cluster.k("label", "node", "n1", "rack=7");
    await sleep(1000);
    expect((await view.get("n1")).metadata.resourceVersion).toBe(resourceVersion);
  });
});

describe("the record of who set which field, which makes each write dearer", () => {
  const managersOf = async (name: string): Promise<readonly string[]> => {
    const got = await cluster.client.get({ ...BANDWIDTH_KIND, name });
    const found = got.ok ? children(got.value.metadata, "managedFields") : [];
    return found.map(({ manager, operation }) => `${String(manager)} ${String(operation)}`);
  };

  test("is not kept, whoever wrote the object (V4)", async () => {
    await makeNode(cluster, "plain");
    await view.expectState("plain", "Created");
    await expect.poll(async () => managersOf("plain"), SOON).toEqual([]);
    await merge(
      cluster,
      { ...BANDWIDTH_KIND, name: "plain" },
      { spec: { capacity: { network: { ulMbps: 700, dlMbps: 700 } } } },
    );
    await expect
      .poll(async () => figures((await view.status("plain")).capacity), SOON)
      .toBe("local 20000/20000 network 700/700");
    expect(await managersOf("plain")).toEqual([]);
  });

  test("stays when somebody applies on the server, who gives a field back by leaving it out (V3)", async () => {
    const apply = async (spec: Json): Promise<void> => {
      const object = { ...BANDWIDTH_KIND, metadata: { name: "plain" }, spec };
      const applied = await cluster.client.apply(object, { fieldManager: "people", force: true });
      expect(applied).toMatchObject({ ok: true });
    };
    const network = async (): Promise<string> => figures((await view.status("plain")).capacity);
    await apply({ capacity: { network: { ulMbps: 300, dlMbps: 300 } } });
    await expect.poll(network, SOON).toBe("local 20000/20000 network 300/300");
    expect(await managersOf("plain")).toContain("people Apply");
  });
});

describe("objects that people make", () => {
  test("of the README's form are taken, wait for their node, and are whole when it is there (V1)", async () => {
    const scope = "jsonpath={.spec.scope}";
    expect(await cluster.k("get", "crd", "bandwidths.networking.vaclab.org", "-o", scope)).toBe(
      "Cluster",
    );
    const file = `${cluster.plane.kubeconfig}-readme.yaml`;
    writeFileSync(file, README);
    await cluster.k("apply", "-f", file);
    await view.expectState("node-name", "Creating");
    expect((await view.get("node-name")).spec).toHaveProperty("reservations");
    await makeNode(cluster, "node-name");
    await view.expectState("node-name", "Created");
    const { spec, status: said } = await view.get("node-name");
    expect(spec).toEqual({ node: "node-name", capacity: said?.capacity, requests: [] });
    expect(figures(spec.capacity)).toBe(FULL);
    // Applied again, as people do.
    await cluster.k("apply", "-f", file);
    const form = async (): Promise<boolean> => "reservations" in (await view.get("node-name")).spec;
    await expect.poll(form, SOON).toBe(false);
  });

  test("of the whole form are kept as they are, field by field (V1)", async () => {
    const pair = { ulMbps: 7, dlMbps: 8 };
    const spec = {
      node: "n8",
      capacity: { local: { ulMbps: 5, dlMbps: 6 }, network: pair },
      requests: [
        { podName: "p", namespace: "default", podUid: "u", linkLocal: true, bandwidth: pair },
      ],
      status: "None",
    };
    const reservation = {
      podName: "p",
      namespace: "default",
      podUid: "u",
      ip: "10.0.0.1",
      deploymentType: "StatefulSet",
      deploymentName: "web",
      deploymentUid: "w",
      bandwidth: { local: pair, network: pair },
    };
    const shares = { local: pair, network: pair };
    const said = {
      status: "Created",
      errorReason: "none",
      capacity: shares,
      used: shares,
      remaining: shares,
      reservations: [reservation],
      updatedAt: "2026-11-27T01:00:00Z",
    };
    await cluster.stopController("SIGTERM");
    const whole = { ...BANDWIDTH_KIND, metadata: { name: "n8" } };
    await cluster.apply({ ...whole, spec });
    const written = await cluster.client.applyStatus(
      { ...whole, status: said },
      { fieldManager: "test" },
    );
    expect(written).toMatchObject({ ok: true });
    expect(await view.get("n8")).toMatchObject({ spec, status: said });
    cluster.startController();
    // Without a node it is nobody's yet, and so are its figures.
    await view.expectState("n8", "Creating");
    expect((await view.get("n8")).spec).toEqual(spec);
  });

  test.each([
    [
      "a capacity of nothing",
      { capacity: { network: { ulMbps: 0, dlMbps: 5 } } },
      /capacity.network.*at least 1 Mbit\/s/,
    ],
    ["a negative one", { capacity: { local: { ulMbps: -1, dlMbps: 5 } } }, /capacity.local.ulMbps/],
    ["half of a pair", { capacity: { local: { ulMbps: 1 } } }, /capacity.local.dlMbps: Required/],
    ["a request for no pod", { requests: [{ podName: "p" }] }, /requests\[0\].podUid: Required/],
    ["a state that does not exist", { status: "Done" }, /spec.status: Unsupported value: "Done"/],
  ])("are refused with %s, with the field (V1, V3)", async (...row) => {
    const [, spec, message] = row;
    const object = { ...BANDWIDTH_KIND, metadata: { name: "wrong" }, spec };
    await expect(cluster.apply(object)).rejects.toThrow(message);
  });

  test("keep the capacity that somebody wrote, and only that (V3)", async () => {
    const network = { ulMbps: 2500, dlMbps: 500 };
    await cluster.apply({
      ...BANDWIDTH_KIND,
      metadata: { name: "n3" },
      spec: { capacity: { network } },
    });
    await makeNode(cluster, "n3");
    await view.expectState("n3", "Created");
    expect(figures((await view.get("n3")).spec.capacity)).toBe(
      "local 20000/20000 network 2500/500",
    );
    await tellLinkSpeed(cluster, "n3", 40_000);
    await expect
      .poll(async () => figures((await view.status("n3")).capacity), SOON)
      .toBe("local 40000/40000 network 2500/500");
    expect(figures((await view.get("n3")).spec.capacity)).toBe(
      "local 40000/40000 network 2500/500",
    );
  });

  test("under another name than their node's are an error that says so, and no one else's object suffers (V2, V15)", async () => {
    const before = (await view.get("n1")).metadata;
    await cluster.apply({ ...BANDWIDTH_KIND, metadata: { name: "mine" }, spec: { node: "n1" } });
    await view.expectState("mine", "Error");
    const said = await view.status("mine");
    expect(said.errorReason).toBe(
      "spec.node: expected mine, as the object is called, or nothing; found n1; correct it, or delete this object, as node n1 has one of its own",
    );
    expect(said).not.toHaveProperty("remaining");
    await expect
      .poll(() => view.told("Bandwidth/mine").join(), SOON)
      .toContain("Warning vaclab_node_bandwidth_failed: spec.node: expected mine");
    expect((await view.get("n1")).metadata["uid"]).toBe(before["uid"]);
    await makeNode(cluster, "mine");
    await sleep(500);
    await view.expectState("mine", "Error");
    await merge(cluster, { kind: "Bandwidth", name: "mine" }, { spec: { node: null } });
    await view.expectState("mine", "Created");
    expect(await view.status("mine")).toMatchObject({ errorReason: "" });
  });

  test("that vaclab's own operator holds with its finalizer go when they are deleted (V2)", async () => {
    const metadata = { name: "n9", finalizers: ["finalizer.bandwidth.vaclab.org"] };
    await cluster.apply({ ...BANDWIDTH_KIND, metadata, spec: { node: "n9" } });
    await cluster.client.delete({ ...BANDWIDTH_KIND, name: "n9" });
    await expect.poll(() => view.object("n9"), SOON).toBeUndefined();
  });
});

describe("capacity", () => {
  test("is that of the network card that the node's agent reports (V3)", async () => {
    await makeNode(cluster, "fast");
    await view.expectState("fast", "Created");
    await tellLinkSpeed(cluster, "fast", 25_000);
    await expect
      .poll(async () => figures((await view.status("fast")).capacity), SOON)
      .toBe("local 25000/25000 network 25000/25000");
  });

  test("is what the node's annotations say, before all else; a wrong one is an error until it is corrected (V3, V15)", async () => {
    const key = "seam.ucsd.edu/network-bandwidth";
    const annotate = async (value: string | null): Promise<void> =>
      merge(
        cluster,
        { kind: "Node", name: "fast" },
        { metadata: { annotations: { [key]: value } } },
      );
    await annotate("10G/2500M");
    await expect
      .poll(async () => figures((await view.status("fast")).capacity), SOON)
      .toBe("local 20000/20000 network 10000/2500");
    await annotate("0");
    await view.expectState("fast", "Error");
    expect((await view.status("fast")).errorReason).toBe(
      'annotation seam.ucsd.edu/network-bandwidth of node fast: expected a rate above 0 with M, G or T for bit/s, or one for each of uplink and downlink, for example 10G or 10G/2500M; found "0"',
    );
    // Its pods go on being accounted.
    expect(figures((await view.status("fast")).remaining)).toBe(
      "local 25000/25000 network 25000/25000",
    );
    await annotate(null);
    await view.expectState("fast", "Created");
  });
});

test.each([
  ["viewer", { get: "yes", update: "no", deletecollection: "no" }],
  ["editor", { get: "yes", update: "yes", deletecollection: "no" }],
  ["admin", { get: "yes", update: "yes", deletecollection: "yes" }],
])("who has bandwidth-%s-role may do what it says (V20)", async (role, rights) => {
  const subject = [`--clusterrole=bandwidth-${role}-role`, `--user=${role}`];
  await cluster.k("create", "clusterrolebinding", `test-${role}`, ...subject);
  const may = async (verb: string): Promise<string> =>
    cluster
      .k("auth", "can-i", verb, "bandwidths.networking.vaclab.org", `--as=${role}`)
      .then((said) => said.trim())
      .catch(() => "no");
  for (const [verb, said] of Object.entries(rights))
    await expect.poll(async () => may(verb), SOON).toBe(said);
});
