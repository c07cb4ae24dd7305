/** Frames as bytes, for tests that send what no honest pod would send. */
import { run } from "./node.fixture.ts";

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/[:\s]/g, ""), "hex");
const uint16 = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff]);
const quad = (text: string): Buffer => Buffer.from(text.split(".").map(Number));

/** Sixteen bytes of an IPv6 address with one `::` at most. */
function sixteen(text: string): Buffer {
  const groups = (part = ""): readonly string[] =>
    part === "" ? [] : part.split(":").map((group) => group.padStart(4, "0"));
  const [head, tail] = text.split("::");
  const [left, right] = [groups(head), groups(tail)];
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => "0000");
  return hex([...left, ...zeros, ...right].join(""));
}

/** The Internet checksum (RFC 1071). */
function checksum(bytes: Buffer): Buffer {
  const even = bytes.length % 2 === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(1)]);
  let sum = 0;
  for (let at = 0; at < even.length; at += 2) sum += even.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return uint16(~sum & 0xffff);
}

/** Who sends to whom. */
export type Ends = { readonly from: string; readonly to: string };

/** An Ethernet frame around `payload`. */
export const ethernet = ({ from, to }: Ends, type: number, payload: Buffer): Buffer =>
  Buffer.concat([hex(to), hex(from), uint16(type), payload]);

/** An ARP request of `mac` and `address` for `target` (RFC 826), as a broadcast frame. */
export const arpRequest = (mac: string, address: string, target: string): Buffer =>
  ethernet(
    { from: mac, to: "ff:ff:ff:ff:ff:ff" },
    0x0806,
    Buffer.concat([
      hex("0001 0800 06 04 0001"),
      hex(mac),
      quad(address),
      Buffer.alloc(6),
      quad(target),
    ]),
  );

/** A UDP datagram with the one byte `x` to `port`, without a checksum of its own, which IPv4 allows. */
export function udp({ from, to }: Ends, port: number): Buffer {
  const datagram = Buffer.concat([uint16(4000), uint16(port), uint16(9), uint16(0), hex("78")]);
  const header = Buffer.concat([
    hex("4500"),
    uint16(20 + datagram.length),
    hex("0000 0000 40 11"),
    Buffer.alloc(2),
    quad(from),
    quad(to),
  ]);
  checksum(header).copy(header, 10);
  return Buffer.concat([header, datagram]);
}

/** An IPv6 packet with an ICMPv6 message, whose checksum is made; hop limit 255, as neighbour discovery needs. */
export function icmpv6({ from, to }: Ends, message: string): Buffer {
  const body = hex(message);
  const addresses = Buffer.concat([sixteen(from), sixteen(to)]);
  const pseudo = Buffer.concat([addresses, hex("0000"), uint16(body.length), hex("0000 003a")]);
  checksum(Buffer.concat([pseudo, body])).copy(body, 2);
  return Buffer.concat([hex("60000000"), uint16(body.length), hex("3a ff"), addresses, body]);
}

/** Sends a frame from a device as it is (packet(7)); perl belongs to every Debian. */
export function sendFrame(netns: string, device: string, frame: Buffer): void {
  const argv = [indexOf(netns, device), frame.toString("hex")];
  run("ip", "netns", "exec", netns, "perl", "-e", sender, ...argv);
}

/** Sends an ICMPv6 message to all on the link of a device, as a daemon on that machine would (RFC 4861). */
export function sendIcmpv6(netns: string, device: string, message: string): void {
  const argv = [
    indexOf(netns, device),
    message.replaceAll(" ", ""),
    sixteen("ff02::1").toString("hex"),
  ];
  run("ip", "netns", "exec", netns, "perl", "-e", multicaster, ...argv);
}

function indexOf(netns: string, device: string): string {
  const shown: unknown = JSON.parse(run("ip", "-n", netns, "-j", "link", "show", device));
  const [link]: readonly unknown[] = Array.isArray(shown) ? shown : [];
  return typeof link === "object" && link !== null ? String(Reflect.get(link, "ifindex")) : "0";
}

const sender = `
socket(my $socket, 17, 3, 0) or die "socket: $!";
my $to = pack("S n i S C C a8", 17, 0, $ARGV[0], 0, 0, 6, pack("H12", $ARGV[1]));
send($socket, pack("H*", $ARGV[1]), 0, $to) or die "send: $!";`;

/** IPV6_MULTICAST_IF is 17, IPV6_MULTICAST_HOPS 18. */
const multicaster = `
socket(my $socket, 10, 3, 58) or die "socket: $!";
setsockopt($socket, 41, 17, pack("i", $ARGV[0])) or die "interface: $!";
setsockopt($socket, 41, 18, pack("i", 255)) or die "hops: $!";
my $to = pack("S n N H32 L", 10, 0, 0, $ARGV[2], $ARGV[0]);
send($socket, pack("H*", $ARGV[1]), 0, $to) or $!{EPERM} or die "send: $!";`;
