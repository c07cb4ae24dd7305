/** The dashboard's files, as its build left them: all in memory, so that no path of a request is ever one of the disk. */
import { createHash } from "node:crypto";
import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { App } from "./bare-app.ts";
import type { Problem } from "./problem.ts";
import { send } from "./reply.ts";

const TYPES: { readonly [ending: string]: string } = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};
/** Encodings that the build makes (RFC 9110 section 8.4.1), the best first, by how their files end. */
const ENCODINGS = [
  ["br", ".br"],
  ["gzip", ".gz"],
] as const;

/** The page's own files and the API's answers, and nothing else: neither other origins nor text as program. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

type File = {
  readonly type: string;
  readonly tag: string;
  readonly plain: Buffer;
  readonly packed: ReadonlyMap<string, Buffer>;
  /** Its name has a hash of what is in it. */
  readonly isLasting: boolean;
};

/** Files by the path that they are asked for by. */
export type StaticFiles = ReadonlyMap<string, File>;

const INDEX = "/index.html";

/** Reads a folder; null when it holds no page. */
export function readStaticFiles(folder: string): StaticFiles | null {
  const names = globSync("**/*", { cwd: folder });
  const known = names.filter((name) => TYPES[path.extname(name)] !== undefined);
  const files = new Map(known.map((name) => [`/${name}`, fileIn(folder, name, names)]));
  return files.has(INDEX) ? files : null;
}

function fileIn(folder: string, name: string, names: readonly string[]): File {
  const plain = readFileSync(path.join(folder, name));
  const made = ENCODINGS.filter(([, ending]) => names.includes(`${name}${ending}`));
  return {
    type: TYPES[path.extname(name)] ?? "",
    tag: `"${createHash("sha256").update(plain).digest("base64url").slice(0, 22)}"`,
    plain,
    packed: new Map(
      made.map(([encoding, ending]) => [
        encoding,
        readFileSync(path.join(folder, `${name}${ending}`)),
      ]),
    ),
    isLasting: name.startsWith("assets/"),
  };
}

/** Adds the route of everything that no other route is for: a file, or the page, which knows its own paths. */
export function addStaticRoutes(app: App, files: StaticFiles): void {
  app.get("/*", { schema: { hide: true }, config: { scope: "public" } }, (request, reply) => {
    const [where = "/"] = request.url.split("?");
    const file = files.get(where) ?? (isForPage(request, where) ? files.get(INDEX) : undefined);
    return file === undefined
      ? send(request, reply, nothingAt(where))
      : sendFile(request, reply, file);
  });
}

/** A browser on its way to a page, not a program that missed a call of the API. */
const isForPage = ({ headers }: FastifyRequest, where: string): boolean =>
  where === "/" ||
  (!where.startsWith("/api/") &&
    !where.startsWith("/assets/") &&
    (headers.accept ?? "").includes("text/html"));

const nothingAt = (where: string): Problem => ({
  code: "not-found",
  detail: `there is no GET ${where}`,
  hint: "See GET /openapi.json.",
});

function sendFile(request: FastifyRequest, reply: FastifyReply, file: File): FastifyReply {
  const accepted = encodingsIn(request.headers["accept-encoding"] ?? "");
  const encoding = [...file.packed.keys()].find((each) => accepted.has(each));
  const body = encoding === undefined ? file.plain : (file.packed.get(encoding) ?? file.plain);
  reply.headers({
    "cache-control": file.isLasting ? "public, max-age=31536000, immutable" : "no-cache",
    "content-security-policy": POLICY,
    "content-type": file.type,
    etag: file.tag,
    vary: "accept-encoding",
    ...(encoding === undefined ? {} : { "content-encoding": encoding }),
  });
  const isKnown = request.headers["if-none-match"] === file.tag;
  return isKnown ? reply.code(304).send() : reply.send(body);
}

/** What a browser can unpack; `gzip;q=0` says that it cannot. */
const encodingsIn = (header: string): ReadonlySet<string> =>
  new Set(
    header
      .split(",")
      .filter((each) => !/;\s*q=0(\.0*)?\s*$/.test(each))
      .map((each) => each.split(";")[0]?.trim() ?? ""),
  );
