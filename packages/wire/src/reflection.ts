/** Server reflection (grpc.reflection.v1): tells clients such as grpcurl which services there are and what they speak. */
import {
  create,
  createRegistry,
  type DescFile,
  type DescService,
  type MessageInitShape,
  type Registry,
  toBinary,
} from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { ok } from "@seam/base";

import {
  ServerReflection,
  type ServerReflectionRequest,
  type ServerReflectionResponse,
  ServerReflectionResponseSchema,
} from "./gen/grpc/reflection/v1/reflection_pb.ts";
import { bidirectional, type Method } from "./methods.ts";
import { type Code, numberOfCode } from "./status.ts";

/** Older clients ask under this name; its messages are the same. */
const ALPHA = "grpc.reflection.v1alpha.ServerReflection";

/** Reflection of these services and of itself, as v1 and as v1alpha. */
export function reflectionService(services: readonly DescService[]): readonly Method[] {
  const told = [...services, ServerReflection];
  const files = withImports(told.map(({ file }) => file));
  const known: Known = { services: told, files, registry: createRegistry(...files) };
  const v1 = bidirectional(ServerReflection.method.serverReflectionInfo, async function* (asked) {
    for await (const request of asked) yield answerTo(request, known);
    return ok(undefined);
  });
  return [v1, (server, listener) => v1(server, listener, ALPHA)];
}

type Known = {
  readonly services: readonly DescService[];
  readonly files: readonly DescFile[];
  readonly registry: Registry;
};

type Answer = NonNullable<
  MessageInitShape<typeof ServerReflectionResponseSchema>["messageResponse"]
>;

function answerTo(request: ServerReflectionRequest, known: Known): ServerReflectionResponse {
  return create(ServerReflectionResponseSchema, {
    validHost: request.host,
    originalRequest: request,
    messageResponse: answerIn(request.messageRequest, known),
  });
}

function answerIn(asked: ServerReflectionRequest["messageRequest"], known: Known): Answer {
  switch (asked.case) {
    case "fileByFilename":
      return fileAnswer(
        asked.value,
        known.files.find(({ proto }) => proto.name === asked.value),
      );
    case "fileContainingSymbol":
      return fileAnswer(asked.value, fileOf(asked.value, known.registry));
    case "listServices": {
      const service = known.services.map(({ typeName }) => ({ name: typeName }));
      return { case: "listServicesResponse", value: { service } };
    }
    case "allExtensionNumbersOfType":
    case "fileContainingExtension":
      return refusal("NOT_FOUND", "no message has extensions");
    case undefined:
      return refusal("INVALID_ARGUMENT", "message_request: expected one of its fields");
  }
}

/** A symbol is a type, or something in one: a method, a field, a value. */
function fileOf(symbol: string, registry: Registry): DescFile | undefined {
  const around = symbol.slice(0, Math.max(0, symbol.lastIndexOf(".")));
  return (registry.get(symbol) ?? registry.get(around))?.file;
}

/** The file and all that it imports, so that a client need not ask again. */
function fileAnswer(asked: string, file: DescFile | undefined): Answer {
  if (file === undefined) return refusal("NOT_FOUND", `this server has no ${asked}`);
  const bytes = withImports([file]).map(({ proto }) => toBinary(FileDescriptorProtoSchema, proto));
  return { case: "fileDescriptorResponse", value: { fileDescriptorProto: bytes } };
}

const refusal = (code: Code, errorMessage: string): Answer => ({
  case: "errorResponse",
  value: { errorCode: numberOfCode(code), errorMessage },
});

/** Each file once, before those that it imports. */
function withImports(files: readonly DescFile[]): readonly DescFile[] {
  const found = new Set<DescFile>();
  const visit = (file: DescFile): void => {
    if (found.has(file)) return;
    found.add(file);
    for (const each of file.dependencies) visit(each);
  };
  for (const file of files) visit(file);
  return [...found];
}
