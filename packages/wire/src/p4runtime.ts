/** Messages of P4Runtime as bytes. */
import { fromJsonString, toBinary } from "@bufbuild/protobuf";
import { P4InfoSchema } from "./gen/p4/config/v1/p4info_pb.ts";
import { WriteRequestSchema } from "./gen/p4/v1/p4runtime_pb.ts";

/** The bytes of a `p4.config.v1.P4Info` that is given as JSON, in proto3's mapping. */
export const p4InfoBytes = (json: string): Uint8Array =>
  toBinary(P4InfoSchema, fromJsonString(P4InfoSchema, json));

/** The same of a `p4.v1.WriteRequest`. */
export const writeRequestBytes = (json: string): Uint8Array =>
  toBinary(WriteRequestSchema, fromJsonString(WriteRequestSchema, json));
