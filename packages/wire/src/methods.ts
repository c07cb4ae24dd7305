/** Joins what protobuf-es generates to what grpc-js serves: a method with its handler becomes an entry of a server. */
import { once } from "node:events";
import {
  type DescMessage,
  type DescMethod,
  type DescMethodBiDiStreaming,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  fromBinary,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { err, type Result } from "@seam/base";
import {
  type Metadata,
  type Server,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from "@grpc/grpc-js";

import { type Code, numberOfCode, type Status } from "./status.ts";

/** What a handler knows of its call, beside the request. */
export type Call = {
  /** The bearer token of the metadata `authorization`; null when there is none. */
  readonly token: string | null;
  /** Aborted when the caller has gone, or no longer waits. */
  readonly signal: AbortSignal;
};

/** How a call ended. */
export type CallEnd = { readonly method: string; readonly code: Code | "OK"; readonly ms: number };

/** What is told of calls. */
export type Listener = {
  readonly onStart?: (method: string) => void;
  readonly onEnd?: (end: CallEnd) => void;
  /** A handler threw: a bug. */
  readonly onThrown?: (method: string, error: unknown) => void;
};

/** A method with its handler, to be served under its own path or under that of another service with the same messages. */
export type Method = (server: Server, listener: Listener, service?: string) => void;

/** One request, one answer. */
export const unary =
  <I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    handle: (request: MessageShape<I>, call: Call) => Promise<Result<MessageShape<O>, Status>>,
  ): Method =>
  (server, listener, service) => {
    const path = pathOf(method, service);
    server.register(
      path,
      (
        call: ServerUnaryCall<MessageShape<I>, MessageShape<O>>,
        answer: sendUnaryData<MessageShape<O>>,
      ) => {
        void (async () => {
          const end = begin(path, listener);
          const result = await guarded(path, listener, async () =>
            handle(call.request, contextOf(call)),
          );
          end(result);
          if (result.ok) answer(null, result.value);
          else answer(failure(result.error));
        })();
      },
      writer(method.output),
      reader(method.input),
      "unary",
    );
  };

/** Answers as they come; the handler's return value ends the call. The next answer is asked for when there is room for it. */
export type Answers<O extends DescMessage> = AsyncGenerator<MessageShape<O>, Result<void, Status>>;

/** One request, many answers. */
export const serverStreaming =
  <I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    handle: (request: MessageShape<I>, call: Call) => Answers<O>,
  ): Method =>
  (server, listener, service) => {
    const path = pathOf(method, service);
    server.register(
      path,
      (call: ServerWritableStream<MessageShape<I>, MessageShape<O>>) => {
        const context = contextOf(call);
        void send({ path, listener, call, context }, () => handle(call.request, context));
      },
      writer(method.output),
      reader(method.input),
      "serverStream",
    );
  };

/** Many requests, many answers. */
export const bidirectional =
  <I extends DescMessage, O extends DescMessage>(
    method: DescMethodBiDiStreaming<I, O>,
    handle: (requests: AsyncIterable<MessageShape<I>>, call: Call) => Answers<O>,
  ): Method =>
  (server, listener, service) => {
    const path = pathOf(method, service);
    server.register(
      path,
      (call: ServerDuplexStream<MessageShape<I>, MessageShape<O>>) => {
        const context = contextOf(call);
        void send({ path, listener, call, context }, () => handle(call, context));
      },
      writer(method.output),
      reader(method.input),
      "bidi",
    );
  };

/** `/PACKAGE.SERVICE/METHOD`, the name of a method on the wire. */
export const pathOf = (method: DescMethod, service = method.parent.typeName): string =>
  `/${service}/${method.name}`;

/** Bytes of a message. */
export const writer =
  <T extends DescMessage>(schema: T) =>
  (message: MessageShape<T>): Buffer =>
    Buffer.from(toBinary(schema, message));

/** A message of bytes. */
export const reader =
  <T extends DescMessage>(schema: T) =>
  (bytes: Buffer): MessageShape<T> =>
    fromBinary(schema, bytes);

type Surface = {
  readonly metadata: Metadata;
  readonly cancelled: boolean;
  on(event: "cancelled", listener: () => void): unknown;
};

function contextOf(call: Surface): Call {
  const gone = new AbortController();
  if (call.cancelled) gone.abort();
  call.on("cancelled", () => gone.abort());
  return { token: bearerOf(call.metadata), signal: gone.signal };
}

/** RFC 6750, section 2.1: the scheme in any case, then the token. */
function bearerOf(metadata: Metadata): string | null {
  const [header] = metadata.get("authorization");
  const found = /^bearer +([A-Za-z0-9._~+/=-]+)$/i.exec(String(header ?? ""));
  return found?.[1] ?? null;
}

type Streaming<O extends DescMessage> = {
  readonly path: string;
  readonly listener: Listener;
  readonly context: Call;
  readonly call: {
    write(message: MessageShape<O>): boolean;
    end(): unknown;
    emit(event: "error", status: object): boolean;
  } & NodeJS.EventEmitter;
};

async function send<O extends DescMessage>(
  { path, listener, context, call }: Streaming<O>,
  open: () => Answers<O>,
): Promise<void> {
  const end = begin(path, listener);
  const result = await guarded(path, listener, async () => {
    const answers = open();
    for (;;) {
      const next = await answers.next();
      if (next.done === true) return next.value;
      if (!call.write(next.value)) await room(call, context.signal);
      if (!context.signal.aborted) continue;
      await answers.return(gone);
      return gone;
    }
  });
  end(context.signal.aborted ? gone : result);
  if (result.ok) call.end();
  else call.emit("error", failure(result.error));
}

const gone = err<Status>({ code: "CANCELLED", message: "the caller ended the call" });

/** A caller that reads slowly is waited for, and one that has gone is not. */
async function room(call: NodeJS.EventEmitter, signal: AbortSignal): Promise<void> {
  try {
    await once(call, "drain", { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function begin(method: string, listener: Listener): (result: Result<unknown, Status>) => void {
  const started = performance.now();
  listener.onStart?.(method);
  return (result) =>
    listener.onEnd?.({
      method,
      code: result.ok ? "OK" : result.error.code,
      ms: performance.now() - started,
    });
}

/** What a handler throws is a bug: told, and hidden from the caller. */
async function guarded<T>(
  method: string,
  listener: Listener,
  work: () => Promise<Result<T, Status>>,
): Promise<Result<T, Status>> {
  try {
    return await work();
  } catch (error) {
    listener.onThrown?.(method, error);
    const message = "bug in Seam: the call failed in the server; its log says how";
    return err({ code: "INTERNAL", message });
  }
}

const failure = ({ code, message }: Status): { code: number; details: string } => ({
  code: numberOfCode(code),
  details: message,
});
