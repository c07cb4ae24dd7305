/** U5, V8: admission's flags about annotations. */
import { KUBERNETES_KEYS, OVN_KEYS } from "@seam/bandwidth";
import { expect, test } from "vitest";

import { readOptions } from "./options.ts";

const surroundings = { argv: [], env: {}, hostname: "host", pid: 7 };

test.each([
  [[], { families: [OVN_KEYS, KUBERNETES_KEYS], units: "kubernetes" }],
  [["--units=vaclab"], { families: [OVN_KEYS, KUBERNETES_KEYS], units: "vaclab" }],
  [
    ["--egress-bandwidth-annotation=example.org/up"],
    {
      families: [
        { egress: "example.org/up", ingress: OVN_KEYS.ingress, unit: "Mbit/s" },
        KUBERNETES_KEYS,
      ],
      units: "kubernetes",
    },
  ],
])("V8: with %j annotations are read as %j", (argv, reading) => {
  expect(readOptions({ ...surroundings, argv })).toMatchObject({ ok: true, value: { reading } });
});

test("V8: other units are refused", () => {
  expect(readOptions({ ...surroundings, argv: ["--units=mbps"] })).toEqual({
    ok: false,
    error: "--units: expected one of kubernetes, vaclab; found mbps",
  });
});
