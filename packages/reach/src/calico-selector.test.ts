/** Selectors of Calico, sentence by sentence of "Selectors" in the reference of its resources. */
import { expect, test } from "vitest";

import { meets, parseSelector } from "./calico-selector.ts";

const labels = { app: "web", "a.b/c-d_e": "x y", empty: "" };

test.each([
  ["", true],
  ["  \t", true],
  ["all()", true],
  ["all( )", true],
  ["app == 'web'", true],
  ['app=="web"', true],
  ["app == 'we'", false],
  ["app != 'web'", false],
  ["app != 'db'", true],
  ["none != 'db'", true],
  ["none == ''", false],
  ["empty == ''", true],
  ["app in {'db', \"web\"}", true],
  ["app in{'web',}", true],
  ["app in {}", false],
  ["app not in {}", true],
  ["app not in {'web'}", false],
  ["app notin { 'db' }", true],
  ["none not in {'web'}", true],
  ["none in {'web'}", false],
  ["has(app)", true],
  ["has( app )", true],
  ["has(none)", false],
  ["!has(none)", true],
  ["! ! has(app)", true],
  ["app contains 'e'", true],
  ["app contains 'x'", false],
  ["none contains ''", false],
  ["app starts with 'we'", true],
  ["app startswith 'eb'", false],
  ["app ends  with 'eb'", true],
  ["app ends with 'we'", false],
  ["a.b/c-d_e == 'x y'", true],
  ["has(none) || has(app) && has(empty)", true],
  ["has(app) || has(app) && has(none)", true],
  ["(has(app) || has(app)) && has(none)", false],
  ["!(has(none) || app == 'db') && has(app)", true],
  ["!has(none) && app == 'db'", false],
  ["has(app)||has(none)", true],
  // Words of the language are labels where a label can stand.
  ["in != 'a' && all == 'b'", false],
] as const)("%s is met: %s", (text, wanted) => {
  const read = parseSelector(text);
  expect(read).toMatchObject({ ok: true });
  expect(read.ok && meets(read.value, { labels, isGlobal: false })).toBe(wanted);
});

test.each([
  ["app", 'expected an operator at ""'],
  ["app = 'web'", "expected an operator at \"= 'web'\""],
  ["app == web", 'expected a text in quotes at "web"'],
  ["app == 'web", 'expected a text in quotes at "\'web"'],
  ["app in 'web'", "expected { at \"'web'\""],
  ["app in {'web' 'db'}", "expected } at \"'db'}\""],
  ["app not 'web'", "expected an operator at \"not 'web'\""],
  ["has()", 'expected a label at ")"'],
  ["has(app", 'expected ) at ""'],
  ["(has(app)", 'expected ) at ""'],
  ["has(app) && ", 'expected a label at ""'],
  ["has(app) & has(app)", 'expected &&, || or the end at "& has(app)"'],
  ["all() all()", 'expected &&, || or the end at "all()"'],
  ["has(app)\n", 'expected &&, || or the end at "\n"'],
])("%s cannot be read: %s", (text, error) => {
  expect(parseSelector(text)).toEqual({ ok: false, error });
});

test("global() and all() tell apart what is of no namespace", () => {
  const met = (text: string): readonly boolean[] => {
    const read = parseSelector(text);
    return [false, true].map((isGlobal) => read.ok && meets(read.value, { labels: {}, isGlobal }));
  };
  expect(["all()", "global()", "!global()", "global() || all()"].map(met)).toEqual([
    [true, false],
    [false, true],
    [true, false],
    [true, true],
  ]);
});
