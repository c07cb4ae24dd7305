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
  expect(parseContainerfile(`${head}ENV A=b\nENV C=\nENTRYPOINT ["/x"]\nCMD ["y", "z"]\n`)).toEqual(
    {
      Env: ["A=b", "C="],
      Entrypoint: ["/x"],
      Cmd: ["y", "z"],
    },
  );
});

test.each([
  { text: "FROM debian\n", message: "FROM scratch" },
  { text: `${head}RUN make\n`, message: 'found "RUN make"' },
  {
    text: `${head}CMD sleep\n`,
    message: 'JSON list of words, for example ["sleep", "1"], in "CMD sleep"',
  },
  {
    text: `${head}ENV A=b c\n`,
    message: 'NAME=value without blanks, quotes, \\ and $, in "ENV A=b c"',
  },
  { text: `${head}ENV A="b"\n`, message: "NAME=value" },
])("refused: $text", ({ text, message }) => {
  expect(() => parseContainerfile(text)).toThrow(message);
});
