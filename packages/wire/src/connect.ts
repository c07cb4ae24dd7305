/** A client of any service: calls by the descriptions that protobuf-es generates. */
import {
  create,
  type DescMessage,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import { err, ok, type Result } from "@seam/base";
import { Client, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";

import { pathOf, reader, writer } from "./methods.ts";
import { codeOfNumber, type Status } from "./status.ts";

/** Which server, and who asks. */
export type ConnectOptions = {
  /** Such as `seam-server.seam-system:9820` or `unix:/run/seam/server.sock`. */
  readonly address: string;
  /** Certificates of the authority that signed the server's, in PEM form; without them the connection is plain. */
  readonly certificateAuthority?: string;
  /** The name that the server's certificate must have, when it is not that of the address. */
  readonly serverName?: string;
  /** Bearer token of the cluster. */
  readonly token?: string;
};

/** A connection; it is made by the first call. */
export type Connection = Disposable & {
  readonly call: <I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
  ) => Promise<Result<MessageShape<O>, Status>>;
  /** Answers as they come; the return value says how the call ended. Aborting the signal ends it as CANCELLED. */
  readonly stream: <I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    request: MessageInitShape<I>,
    signal?: AbortSignal,
  ) => AsyncGenerator<MessageShape<O>, Result<void, Status>>;
};

/** Connects to a server. */
export function connect(options: ConnectOptions): Connection {
  const { certificateAuthority: ca, serverName } = options;
  const client = new Client(
    options.address,
    ca === undefined ? credentials.createInsecure() : credentials.createSsl(Buffer.from(ca)),
    serverName === undefined ? {} : { "grpc.ssl_target_name_override": serverName },
  );
  const metadata = new Metadata();
  if (options.token !== undefined) metadata.set("authorization", `Bearer ${options.token}`);
  return {
    call: async (method, request) =>
      new Promise((resolve) => {
        client.makeUnaryRequest(
          pathOf(method),
          writer(method.input),
          reader(method.output),
          create(method.input, request),
          metadata,
          (error, answer) => {
            if (answer === undefined) resolve(err(statusOf(error)));
            else resolve(ok(answer));
          },
        );
      }),
    stream: async function* (method, request, signal) {
      const answers = client.makeServerStreamRequest(
        pathOf(method),
        writer(method.input),
        reader(method.output),
        create(method.input, request),
        metadata,
      );
      const cancel = (): void => answers.cancel();
      signal?.addEventListener("abort", cancel, { once: true });
      try {
        for await (const answer of answers) yield answer;
        return ok(undefined);
      } catch (error) {
        return err(statusOf(error));
      } finally {
        signal?.removeEventListener("abort", cancel);
        answers.cancel();
      }
    },
    [Symbol.dispose]: () => client.close(),
  };
}

/** What the library throws is a status, or a bug in it. */
function statusOf(error: unknown): Status {
  if (!isServiceError(error)) return { code: "UNKNOWN", message: String(error) };
  return { code: codeOfNumber(error.code), message: error.details };
}

const isServiceError = (error: unknown): error is ServiceError =>
  error instanceof Error && "code" in error && "details" in error;
