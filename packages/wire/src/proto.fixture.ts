/** What is made of `proto`: the code of protobuf-es, and the reference of Seam's own services. */
import { spawnSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createFileRegistry, type DescFile, fromBinary, ScalarType } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

const root = path.resolve(import.meta.dirname, "../../..");

/** The page that is made of the comments. */
export const referencePage = path.join(root, "docs/reference/grpc.md");

function buf(...argv: readonly string[]): void {
  const bin = path.join(root, "node_modules/.bin");
  const { status, stderr } = spawnSync(path.join(bin, "buf"), argv, {
    cwd: path.join(root, "proto"),
    encoding: "utf8",
    env: { ...process.env, PATH: `${bin}:${process.env["PATH"] ?? ""}` },
  });
  if (status !== 0) throw new Error(`buf ${argv[0] ?? ""} failed: ${stderr}`);
}

/** Makes `FOLDER/gen` anew. */
export const generate = (folder: string): void => buf("generate", "-o", folder);

/** The text of each file below `FOLDER/gen`. */
export const generatedIn = (folder: string): { readonly [name: string]: string } =>
  Object.fromEntries(
    globSync("gen/**/*.ts", { cwd: folder })
      .toSorted()
      .map((name) => [name, readFileSync(path.join(folder, name), "utf8")]),
  );

/** The files of Seam's own services, with their comments. */
export function ownFiles(): readonly DescFile[] {
  const folder = mkdtempSync(path.join(tmpdir(), "seam-proto-"));
  try {
    const image = path.join(folder, "image.binpb");
    buf("build", "--as-file-descriptor-set", "-o", image);
    const set = fromBinary(FileDescriptorSetSchema, readFileSync(image));
    return [...createFileRegistry(set).files].filter(({ name }) => name.startsWith("seam/"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The reference: each service with its methods, then each message with its fields. */
export function reference(files: readonly DescFile[]): string {
  const about = "Made from `proto`; `UPDATE=1` with `proto.test.ts` makes it anew.";
  return `${["# The services over gRPC", "", about, ...files.flatMap(filePart)].join("\n")}\n`;
}

type Said = (...at: readonly number[]) => string;

function filePart(file: DescFile): readonly string[] {
  const comments = commentsOf(file);
  const said: Said = (...at) => comments.get(at.join()) ?? "";
  const services = file.services.flatMap((service, index) => {
    const methods = service.methods.map((method, at) => {
      const stream = method.methodKind === "server_streaming" ? "stream of " : "";
      const told = line(said(6, index, 2, at));
      return `| \`${method.name}\` | \`${method.input.name}\` | ${stream}\`${method.output.name}\` | ${told} |`;
    });
    const head = ["| method | request | answer | what it does |", "|---|---|---|---|"];
    return ["", `## ${service.typeName}`, "", said(6, index), "", ...head, ...methods];
  });
  const messages = file.messages.flatMap((message, index) => messagePart(message, index, said));
  return [...services, "", "## Messages", ...messages];
}

function messagePart(
  message: DescFile["messages"][number],
  index: number,
  said: Said,
): readonly string[] {
  const fields = message.fields.map(
    (field, at) => `| \`${field.name}\` | ${typeOf(field)} | ${line(said(4, index, 2, at))} |`,
  );
  const enums = message.nestedEnums.flatMap(({ name, values }, nested) => {
    const rows = values.map(
      (value, at) => `| \`${value.name}\` | ${line(said(4, index, 4, nested, 2, at))} |`,
    );
    return ["", `| \`${name}\` | meaning |`, "|---|---|", ...rows];
  });
  const head =
    fields.length === 0 ? ["No fields."] : ["| field | type | meaning |", "|---|---|---|"];
  const about = paragraph(said(4, index));
  return ["", `### ${message.name}`, ...about, "", ...head, ...fields, ...enums];
}

const paragraph = (text: string): readonly string[] => (text === "" ? [] : ["", text]);

const line = (text: string): string => text.replaceAll(/\s+/g, " ");

/** Text of the comment before a thing, by its place in the file (`SourceCodeInfo` of descriptor.proto). */
const commentsOf = (file: DescFile): ReadonlyMap<string, string> =>
  new Map(
    (file.proto.sourceCodeInfo?.location ?? []).map((location) => [
      location.path.join(),
      location.leadingComments.trim().replaceAll(/^ /gm, ""),
    ]),
  );

type Field = DescFile["messages"][number]["fields"][number];

function typeOf(field: Field): string {
  switch (field.fieldKind) {
    case "list":
      return `list of ${field.listKind === "message" ? linked(field.message.name) : "`string`"}`;
    case "map":
      return "map of `string` to `string`";
    case "message":
      return linked(field.message.name);
    case "enum":
      return `\`${field.enum.name}\``;
    case "scalar":
      return field.scalar === ScalarType.INT32 ? "`int32`" : "`string`";
  }
}

/** Messages of Seam stand on the page. */
const linked = (name: string): string =>
  name === "Value" ? "`google.protobuf.Value`" : `[${name}](#${name.toLowerCase()})`;
