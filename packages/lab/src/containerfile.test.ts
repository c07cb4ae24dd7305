/** Containerfiles of all images are read; what the writer does not do is refused with the line. */
import { expect, test } from "vitest";

import { parseContainerfile } from "./containerfile.ts";
import { containerfile } from "./images.ts";

const head = "# why\nFROM scratch\nCOPY rootfs/ /\n";

test.each(["pause", "probe", "coredns", "traffic", "seam"] as const)("%s is defined", (name) => {
  const { Entrypoint = [], Cmd = [] } = parseContainerfile(containerfile(name));
  expect([...Entrypoint, ...Cmd].length).toBeGreaterThan(0);
});

test("instructions become the image's configuration", () => {
  expect(parseContainerfile(`${head}ENV A=b c\nENTRYPOINT ["/x"]\nCMD ["y", "z"]\n`)).toEqual({
    Env: ["A=b c"],
    Entrypoint: ["/x"],
    Cmd: ["y", "z"],
  });
});

test.each([
  { text: "FROM debian\n", message: "FROM scratch" },
  { text: `${head}RUN make\n`, message: 'found "RUN make"' },
  { text: `${head}CMD sleep\n`, message: "JSON" },
])("refused: $text", ({ text, message }) => {
  expect(() => parseContainerfile(text)).toThrow(message);
});
