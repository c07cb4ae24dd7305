/** Programs as one JavaScript file each: they start faster and need no packages beside native ones. */
import { fileURLToPath } from "node:url";

import { rolldown } from "rolldown";

/** A bundled program. */
export type Bundle = { readonly name: string; readonly text: string };

/** The checkout: names of modules in a bundle are relative to it, so that a bundle is the same from every folder. */
const cwd = fileURLToPath(new URL("../../../", import.meta.url));

/** Packages with native parts, which stay outside, and one that the gRPC library loads for services that Seam does not have. */
const external = ["koffi", "@grpc/proto-loader"];

/** Bundles each entry with all that it imports; nothing is shared between them. */
export async function bundle(entries: {
  readonly [name: string]: string;
}): Promise<readonly Bundle[]> {
  const bundles: Bundle[] = [];
  for (const [name, input] of Object.entries(entries)) {
    await using build = await rolldown({ cwd, input, platform: "node", external });
    const { output } = await build.generate({ format: "esm", codeSplitting: false });
    for (const part of output)
      if (part.type === "chunk") bundles.push({ name: `${name}.js`, text: part.code });
  }
  return bundles;
}
