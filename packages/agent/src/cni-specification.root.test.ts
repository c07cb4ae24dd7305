/**
 * The CNI specification 1.1.0, sentence by sentence: a row for each that says what a plug-in must do, and for those
 * that say should and matter, in our own words, proved with the shim as a runtime calls it and the real kernel. Here
 * configuration, parameters, ADD, DEL and errors; the other commands are in `cni-specification-upkeep.root.test.ts`.
 * Sentences about runtimes, and about plug-ins that delegate to others (section 4), do not concern Seam.
 */
import { expect, test } from "vitest";

import { inPod, nodeNetns, podPath } from "./node.fixture.ts";
import {
  devices,
  environmentOf,
  fine,
  onNode,
  refused,
  type Sentence,
  useSpecification,
  withForeignInterface,
  withPods,
} from "./specification.fixture.ts";

const { node, shim, added, check } = useSpecification();

const sentences: readonly Sentence[] = [
  {
    section: "1 name",
    says: "begins with a letter or digit; then also underscore, dot and hyphen",
    proof: async () => {
      for (const name of [undefined, 7, "", "-a", "a/b", "a b"]) {
        expect(await shim.call("ADD", { config: { name } })).toEqual(refused(7, "name"));
      }
      await added({ name: "0a_b.c-d" });
    },
  },
  {
    section: "1 other keys",
    says: "a plug-in may be given keys that it does not know, and args and runtimeConfig of others",
    proof: async () => {
      const runtimeConfig = { bandwidth: { ingressRate: 1 } };
      await added({ keyA: ["x"], args: { labels: { a: "b" } }, runtimeConfig });
    },
  },
  {
    section: "1 well-known keys, 5 code 2",
    says: "what cannot be respected is refused, and the error has the key and its value",
    proof: async () => {
      const ipam = { type: "host-local" };
      expect(await shim.call("ADD", { config: { ipam } })).toEqual(
        refused(2, `ipam: ${JSON.stringify(ipam)}`),
      );
      expect(await shim.call("ADD", { config: { ipMasq: true } })).toEqual(
        refused(2, "ipMasq: true"),
      );
      expect(await shim.call("DEL", { config: { ipam } })).toEqual(fine);
    },
  },
  {
    section: "1 dns",
    says: "a plug-in that takes the key respects what it means",
    proof: async () => {
      const dns = { nameservers: ["10.96.0.10"], search: ["svc.cluster.local"] };
      expect(await added({ dns })).toMatchObject({ dns });
    },
  },
  {
    section: "1 version considerations, 5 code 1",
    says: "versions outside the supported ones are refused, each command from the version that has it",
    proof: async () => {
      for (const cniVersion of [undefined, 1, "0.2.0", "2.0.0", "banana"]) {
        const { code, document } = await shim.call("ADD", { config: { cniVersion } });
        expect({ code, document }).toMatchObject({ code: 1, document: { code: 1 } });
      }
      for (const [command, cniVersion] of [
        ["CHECK", "0.3.1"],
        ["STATUS", "1.0.0"],
        ["GC", "1.0.0"],
      ] as const) {
        expect(await shim.call(command, { config: { cniVersion } })).toMatchObject({
          document: { cniVersion, code: 1, msg: expect.stringContaining(command) },
        });
      }
      for (const cniVersion of ["0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"]) {
        expect(await added({ cniVersion })).toMatchObject({ cniVersion });
        expect(await shim.call("DEL", { config: { cniVersion } })).toEqual(fine);
      }
    },
  },
  {
    section: "2 parameters",
    says: "CNI_CONTAINERID is not empty, begins with a letter or digit, then also underscore, dot, hyphen",
    proof: async () => {
      for (const CNI_CONTAINERID of [null, "", "-a", "_a", "a/b", "a b", "ä"]) {
        for (const command of ["ADD", "DEL", "CHECK"]) {
          expect(await shim.call(command, { env: { CNI_CONTAINERID } })).toEqual(
            refused(4, "CNI_CONTAINERID"),
          );
        }
      }
      const env = { CNI_CONTAINERID: "0a_B.c-d" };
      expect(await shim.call("ADD", { env })).toMatchObject({ code: 0 });
    },
  },
  {
    section: "2 parameters",
    says: "an interface name that cannot be used is an error",
    proof: async () => {
      const bad = [
        null,
        "",
        ".",
        "..",
        "a/b",
        "a:b",
        "a b",
        "a\tb",
        "sixteen-letters-",
        "ääääääää",
      ];
      for (const CNI_IFNAME of bad) {
        expect(await shim.call("ADD", { env: { CNI_IFNAME } })).toEqual(refused(4, "CNI_IFNAME"));
      }
      expect(devices()).toEqual([]);
    },
  },
  {
    section: "2 parameters",
    says: "CNI_NETNS is the container's own network namespace",
    proof: async () => {
      for (const CNI_NETNS of [null, "", "/run/netns/seam-test-gone", `/run/netns/${nodeNetns}`]) {
        for (const command of ["ADD", "CHECK"]) {
          if (command === "CHECK" && CNI_NETNS === "/run/netns/seam-test-gone") continue;
          expect(await shim.call(command, { env: { CNI_NETNS } })).toEqual(refused(4, "CNI_NETNS"));
        }
      }
      expect(node.store.attachments()).toEqual([]);
    },
  },
  {
    section: "2 parameters, 5 code 4",
    says: "an unknown command is an error, and the message has the names of all invalid variables",
    proof: async () => {
      for (const CNI_COMMAND of [null, "", "add", "GO"]) {
        expect(await shim.call("", { env: { CNI_COMMAND } })).toEqual(refused(4, "CNI_COMMAND"));
      }
      const env = { CNI_CONTAINERID: null, CNI_IFNAME: "a/b", CNI_NETNS: "" };
      expect(await shim.call("ADD", { env })).toEqual(
        refused(4, "CNI_CONTAINERID, CNI_IFNAME, CNI_NETNS"),
      );
    },
  },
  {
    section: "2 errors, 5 code 6",
    says: "the exit code is 0 for success and another for failure, with an error on standard output",
    proof: async () => {
      for (const input of ["", "{", "[]", '"text"', "null"]) {
        expect(await shim.call("ADD", { input })).toEqual(refused(6));
      }
      await added();
    },
  },
  {
    section: "2 ADD, 5 ADD success",
    says: "the interface is made in the namespace, and the result on standard output tells all of it",
    proof: async () => {
      const result = await added();
      const mac = /link\/ether (\S+)/.exec(inPod("link", "show", "eth0"))?.[1];
      const device = devices()[0] ?? "";
      const hostMac = /link\/ether (\S+)/.exec(onNode("link", "show", device))?.[1];
      expect(result).toEqual({
        cniVersion: "1.1.0",
        interfaces: [
          { name: device, mac: hostMac, mtu: 1400 },
          { name: "eth0", mac, mtu: 1400, sandbox: podPath },
        ],
        ips: [
          { address: "10.244.7.1/32", gateway: "169.254.1.1", interface: 1 },
          { address: "fd00:7::1/128", gateway: "fe80::1", interface: 1 },
        ],
        routes: [
          { dst: "0.0.0.0/0", gw: "169.254.1.1" },
          { dst: "::/0", gw: "fe80::1" },
        ],
        dns: {},
      });
    },
  },
  {
    section: "5 ADD success (before 1.0.0)",
    says: "in older versions an address has its version, and an interface no MTU",
    proof: async () => {
      for (const cniVersion of ["0.3.0", "0.3.1", "0.4.0"]) {
        const { interfaces, ips } = await added({ cniVersion });
        expect(ips).toMatchObject([{ version: "4" }, { version: "6" }]);
        expect(JSON.stringify(interfaces)).not.toContain("mtu");
        await shim.call("DEL", { config: { cniVersion } });
      }
      expect(JSON.stringify(await added({ cniVersion: "1.0.0" }))).not.toMatch(/mtu|"version"/);
    },
  },
  {
    section: "2 ADD, 5 ADD success",
    says: "prevResult is passed through, with what the plug-in adds",
    proof: async () => {
      const prevResult = {
        cniVersion: "1.1.0",
        interfaces: [{ name: "net0", sandbox: podPath }],
        ips: [{ address: "192.168.9.2/24", interface: 0 }],
        routes: [{ dst: "192.168.0.0/16", gw: "192.168.9.1", priority: 7 }],
        dns: { nameservers: ["10.96.0.10"] },
      };
      const result = await added({ prevResult });
      expect(result).toMatchObject({
        interfaces: [...prevResult.interfaces, { mtu: 1400 }, { name: "eth0" }],
        ips: [...prevResult.ips, { interface: 2 }, { interface: 2 }],
        routes: [...prevResult.routes, { dst: "0.0.0.0/0" }, { dst: "::/0" }],
        dns: prevResult.dns,
      });
      expect(await check(result)).toEqual(fine);
      for (const unreadable of [7, "x", [], null]) {
        expect(await shim.call("ADD", { config: { prevResult: unreadable } })).toEqual(
          refused(7, "prevResult"),
        );
      }
    },
  },
  {
    section: "2 ADD",
    says: "an interface of that name in the container is an error, and it stays as it is",
    proof: async () => {
      await withForeignInterface(async () => {
        expect(await shim.call("ADD")).toEqual(refused(4, "CNI_IFNAME eth0 exists"));
        expect([...devices(), ...node.store.attachments()]).toEqual([]);
      });
      const result = await added();
      const other = { config: { runtimeConfig: { mac: "02:00:00:00:00:99" } } };
      expect(await shim.call("ADD", other)).toEqual(refused(4, "CNI_IFNAME eth0 exists"));
      expect(await check(result)).toEqual(fine);
    },
  },
  {
    section: "2 ADD",
    says: "the same ADD again, whose first answer was lost, is answered alike and makes nothing (I7)",
    proof: async () => {
      const first = await shim.call("ADD");
      expect(first).toMatchObject({ code: 0 });
      expect(await shim.call("ADD")).toEqual(first);
      expect([devices().length, node.store.attachments().length]).toEqual([1, 1]);
    },
  },
  {
    section: "2 DEL",
    says: "the interface is deleted, and everything with it",
    proof: async () => {
      await added();
      expect(await shim.call("DEL")).toEqual(fine);
      expect(inPod("-br", "link")).not.toContain("eth0");
      expect(onNode("route") + onNode("-6", "route")).not.toMatch(/10\.244\.7\.|fd00:7:/);
      expect([...devices(), ...node.store.attachments()]).toEqual([]);
    },
  },
  {
    section: "2 DEL",
    says: "resources that are missing are no error: no CNI_NETNS, a namespace that is gone, no prevResult",
    proof: async () => {
      for (const CNI_NETNS of [null, "", "/run/netns/seam-test-gone"]) {
        await added();
        expect(await shim.call("DEL", { env: { CNI_NETNS } })).toEqual(fine);
        expect([...devices(), ...node.store.attachments()]).toEqual([]);
      }
      await withPods(["p1"], async () => {
        expect(await shim.call("ADD", { env: environmentOf("p1") })).toMatchObject({ code: 0 });
      });
      expect(await shim.call("DEL", { env: environmentOf("p1") })).toEqual(fine);
      expect(node.store.attachments()).toEqual([]);
    },
  },
  {
    section: "2 DEL",
    says: "many DEL calls for the same interface succeed, also when it never was",
    proof: async () => {
      await added();
      for (const _ of [1, 2, 3]) expect(await shim.call("DEL")).toEqual(fine);
      expect(await shim.call("DEL", { env: { CNI_CONTAINERID: "never" } })).toEqual(fine);
    },
  },
  {
    section: "2 DEL",
    says: "an interface that somebody else made under the name is not touched",
    proof: async () =>
      withForeignInterface(async () => {
        expect(await shim.call("DEL")).toEqual(fine);
      }),
  },
  {
    section: "5 error",
    says: "an error is in the version of the request",
    proof: async () => {
      for (const cniVersion of ["0.4.0", "1.0.0", "1.1.0"]) {
        const config = { cniVersion, ipMasq: true };
        expect(await shim.call("ADD", { config })).toMatchObject({ document: { cniVersion } });
        const env = { CNI_COMMAND: "GO" };
        expect(await shim.call("GO", { env, config })).toMatchObject({ document: { cniVersion } });
      }
    },
  },
];

test.each(sentences)("section $section: $says", async ({ proof }) => {
  await expect(proof()).resolves.toBeUndefined();
});
