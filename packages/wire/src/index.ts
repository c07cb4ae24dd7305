/** What Seam speaks over gRPC: messages and services generated from `proto`, and what joins them to a server or a client. */
export {
  type CertificateFiles,
  followCertificate,
  type FollowedCredentials,
  type FollowOptions,
} from "./certificate.ts";
export { connect, type Connection, type ConnectOptions } from "./connect.ts";
export * from "./gen/seam/v1/policy_pb.ts";
export {
  type Answers,
  type Call,
  type CallEnd,
  type Listener,
  type Method,
  serverStreaming,
  unary,
} from "./methods.ts";
export { p4InfoBytes, writeRequestBytes } from "./p4runtime.ts";
export { type Place, serve, type ServeOptions, type Serving } from "./serve.ts";
export { type Code, type Status } from "./status.ts";
