/** Calico's selectors, by the grammar of libcalico-go/lib/selector. */
import { invariant } from "@seam/base";
import { describe, expect, test } from "vitest";

import { parseSelector, PREFIX } from "./calico-selector.ts";

const labels: Readonly<Record<string, string>> = {
  app: "web",
  "a.b/c-d": "x",
  "pcns.team": "blue",
  "projectcalico.org/namespace": "lab-a",
};

function isSelected(
  text: string,
  prefix: (typeof PREFIX)[keyof typeof PREFIX] = PREFIX.own,
): boolean {
  const parsed = parseSelector(text, prefix);
  invariant(parsed.ok, JSON.stringify(parsed));
  return parsed.value.selects((key) => labels[key]);
}

describe("what an expression selects (I15)", () => {
  test.each([
    ["", true],
    ["all()", true],
    ["app == 'web'", true],
    ['app == "web"', true],
    ["app=='db'", false],
    ["app != 'db'", true],
    ["none != 'db'", true],
    ["none == 'db'", false],
    ["has(app)", true],
    ["!has(app)", false],
    ["! ! has(app)", true],
    ["has( a.b/c-d )", true],
    ["app in {'db', 'web'}", true],
    ["app not in {'db'}", true],
    ["none not in {'db'}", true],
    ["none in {'db'}", false],
    ["app in {}", false],
    ["app contains 'e'", true],
    ["none contains 'e'", false],
    ["app starts with 'w'", true],
    ["app ends with 'w'", false],
    ["app == 'db' || has(app) && app == 'web'", true],
    ["(app == 'db' || has(app)) && app == 'db'", false],
    ["app == 'db' && app == 'db' || app == 'web'", true],
    ["!(app == 'db' || app == 'web')", false],
  ])("%j: %s", (text, wanted) => {
    expect(isSelected(text)).toBe(wanted);
  });

  test("of namespaces, names of labels are theirs, all() means what is in one, and global() what is in none", () => {
    expect(isSelected("team == 'blue'", PREFIX.namespace)).toBe(true);
    expect(isSelected("has(app)", PREFIX.namespace)).toBe(false);
    expect([
      isSelected("all()", PREFIX.namespace),
      isSelected("global()", PREFIX.namespace),
    ]).toEqual([true, false]);
    const parsed = parseSelector("global()", PREFIX.namespace);
    expect(parsed.ok && parsed.value.selects(() => undefined)).toBe(true);
  });
});

describe("what is no expression is told", () => {
  test.each([
    ["app = 'web'", "not understood from here on: = 'web'"],
    ["app == web", "expected a value in quotes after app =="],
    ["app", "expected ==, !=, in, not in, contains, starts with or ends with after app"],
    ["app not 'x'", "expected ==, !=, in, not in, contains, starts with or ends with after app"],
    ["(has(app)", "expected ), found the end"],
    ["has(app) has(app)", "expected && or ||, found has"],
    ["has()", "expected the name of a label after has("],
    ["app in {'a' 'b'}", "expected } after values in quotes, found b"],
    ["app in 'a'", "expected { and values in quotes"],
    ["has(app) &&", "expected a label, has(label), all() or (; found the end"],
    ["any()", "expected has(, all( or global(, found any("],
    ["global()", "global() is for namespaceSelector of rules alone"],
    ["app == 'web", "not understood from here on: 'web"],
    ["&& has(app)", "expected a label, found &&"],
  ])("%j", (text, error) => {
    expect(parseSelector(text)).toEqual({ ok: false, error });
  });
});

test("equal expressions have equal texts, whatever spaces and quotes they have", () => {
  const texts = ["app=='web'&&has(b)", ' app == "web"  && has( b ) '].map((text) => {
    const parsed = parseSelector(text);
    return parsed.ok ? parsed.value.text : "";
  });
  expect(texts[0]).toBe(texts[1]);
  const inNamespace = parseSelector("app=='web'&&has(b)", PREFIX.namespace);
  expect(inNamespace.ok && inNamespace.value.text).not.toBe(texts[0]);
});
