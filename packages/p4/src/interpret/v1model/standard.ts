/** The fields of v1model's `standard_metadata_t` that the switch reads and sets, each looked up once. */
import type { Type } from "../../types/type.ts";
import { fieldsOf } from "../blocks.ts";
import type { Composite, Value } from "../value.ts";

type Setter = (standard: Composite, value: Value) => void;
type Getter = (standard: Composite) => number;

/** What the switch does with standard metadata. */
export type StandardFields = {
  readonly setIngressPort: Setter;
  readonly setIngressTime: Setter;
  readonly setEgressPort: Setter;
  readonly setEgressSpec: Setter;
  readonly setEgressTime: Setter;
  readonly setEgressRid: Setter;
  readonly setInstanceType: Setter;
  readonly setPacketLength: Setter;
  readonly setMulticastGroup: Setter;
  readonly setParserError: Setter;
  readonly setChecksumError: Setter;
  readonly egressSpec: Getter;
  readonly multicastGroup: Getter;
};

/** The fields of the type that the program's parser has for standard metadata. */
export function standardFields(type: Type): StandardFields {
  const { setter, get } = fieldsOf(type);
  return {
    setIngressPort: setter("ingress_port"),
    setIngressTime: setter("ingress_global_timestamp"),
    setEgressPort: setter("egress_port"),
    setEgressSpec: setter("egress_spec"),
    setEgressTime: setter("egress_global_timestamp"),
    setEgressRid: setter("egress_rid"),
    setInstanceType: setter("instance_type"),
    setPacketLength: setter("packet_length"),
    setMulticastGroup: setter("mcast_grp"),
    setParserError: setter("parser_error"),
    setChecksumError: setter("checksum_error"),
    egressSpec: (standard) => Number(get(standard, "egress_spec")),
    multicastGroup: (standard) => Number(get(standard, "mcast_grp")),
  };
}
