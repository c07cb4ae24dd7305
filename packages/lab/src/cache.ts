/** Where Seam keeps what it builds: outside the checkout, never needed to be kept. */
import { homedir } from "node:os";
import path from "node:path";

/** `$XDG_CACHE_HOME/seam`, or `~/.cache/seam`. */
export const cacheFolder = (): string =>
  path.join(process.env["XDG_CACHE_HOME"] ?? path.join(homedir(), ".cache"), "seam");
