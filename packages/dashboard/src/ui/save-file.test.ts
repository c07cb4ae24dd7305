/** What is exported is read by others: commas, quotes and lines stay in their cells, and nothing becomes a formula (S10). */
import { expect, test } from "vitest";
import { csvOf } from "./save-file.ts";

test("cells with commas, quotes and lines are quoted; numbers are plain", () => {
  expect(csvOf([["a,b", 'say "x"', "two\nlines", -1.5]])).toBe(
    '"a,b","say ""x""","two\nlines",-1.5\r\n',
  );
});

test("a text that a spreadsheet would run is kept a text", () => {
  expect(csvOf([["=1+1", "+1", "@x", "-x"]])).toBe("'=1+1,'+1,'@x,'-x\r\n");
});
