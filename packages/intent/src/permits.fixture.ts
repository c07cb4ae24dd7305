/** How the kernel decides with gates and classes, for tests: the closest thing that is known of the other end. */
import { type Address, formatAddress } from "@seam/base";
import {
  ANY,
  type Gate,
  type GateRules,
  type GateSide,
  parsePermission,
  type PolicyState,
} from "@seam/state";

/** One end of a connection as a gate sees it; a port of null is a protocol without ports, as GRE is. */
export type Asked = {
  readonly side: GateSide;
  readonly other: Address;
  readonly protocol: "TCP" | "UDP" | "SCTP" | "ICMP" | "ICMPv6" | "protocol";
  readonly port: number | null;
};

/** What is known of addresses. */
type Classes = Pick<PolicyState, "addresses" | "blocks">;

/** Whether the gate lets it pass. */
export const permits = (state: Classes, gate: Gate, asked: Asked): boolean =>
  permitsBy(state, gate[asked.side], asked);

/** Whether rules let it pass; null: all do. */
export function permitsBy(
  state: Classes,
  rules: GateRules | null,
  { other, protocol, port }: Omit<Asked, "side">,
): boolean {
  if (rules === null) return true;
  const block = state.blocks.find(({ first, last }) => isBetween(first, other, last));
  const classes = [state.addresses.get(formatAddress(other)), block?.peers, ANY[other.family]];
  const permission = classes
    .flatMap((each) => (each === undefined ? [] : [rules.get(each)]))
    .find((each) => each !== undefined);
  const parsed = parsePermission(permission ?? "none");
  if (!parsed.ok) throw new Error(parsed.error);
  const [name, place] = port === null ? ["protocol", GRE] : [protocol.toLowerCase(), port];
  return parsed.value.ranges.some(
    (range) => range.protocol === name && range.first <= place && place <= range.last,
  );
}

const GRE = 47;

const hex = ({ bytes }: Address): string =>
  bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");

const isBetween = (first: Address, it: Address, last: Address): boolean =>
  first.family === it.family && hex(first) <= hex(it) && hex(it) <= hex(last);
