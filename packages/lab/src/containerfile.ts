/** Reads the few instructions that Seam's images need from a Containerfile; ordinary container tools read the same file. */

/** What an image says about how to run it. */
export type ImageConfig = {
  readonly Env: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
};

/** Parses a Containerfile; throws with the line when it holds what the lab's writer does not do. */
export function parseContainerfile(text: string): ImageConfig {
  const lines = text.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("#"));
  const [from, copy, ...rest] = lines;
  if (from !== "FROM scratch" || copy !== "COPY rootfs/ /") {
    throw new Error('a Containerfile of Seam begins with "FROM scratch" and "COPY rootfs/ /"');
  }
  return rest.reduce<ImageConfig>(addInstruction, { Env: [] });
}

function addInstruction(config: ImageConfig, line: string): ImageConfig {
  const [word = "", ...rest] = line.split(" ");
  const value = rest.join(" ");
  switch (word) {
    case "ENV":
      return { ...config, Env: [...config.Env, assignmentOf(line, value)] };
    case "ENTRYPOINT":
      return { ...config, Entrypoint: wordsOf(line, value) };
    case "CMD":
      return { ...config, Cmd: wordsOf(line, value) };
    default:
      throw new Error(`Containerfile: expected ENV, ENTRYPOINT or CMD, found "${line}"`);
  }
}

// Container tools read blanks, quotes, backslashes and dollars in a value in ways of their own.
function assignmentOf(line: string, value: string): string {
  if (/^[A-Za-z_]\w*=[^\s"'\\$]*$/.test(value)) return value;
  throw new Error(
    `Containerfile: expected one NAME=value without blanks, quotes, \\ and $, in "${line}"`,
  );
}

function wordsOf(line: string, value: string): readonly string[] {
  const parsed = parseJson(value);
  if (Array.isArray(parsed) && parsed.every((each) => typeof each === "string")) return parsed;
  throw new Error(
    `Containerfile: expected a JSON list of words, for example ["sleep", "1"], in "${line}"`,
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
