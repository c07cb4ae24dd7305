/*
 * Segment routing over IPv6 (SRv6): the endpoint behaviours End, End.X, End.DT4, End.DT6 and End.DT46 (RFC 8986, section 4), and the
 * headend behaviours H.Encaps and H.Encaps.Red (section 5). The segment routing header is that of RFC 8754.
 *
 * Whatever a router would answer with an ICMP error goes to the controller, with the reason in front: it has the time to write one.
 */
#include <core.p4>
#include <v1model.p4>

const bit<16> TYPE_IPV4 = 0x0800;
const bit<16> TYPE_IPV6 = 0x86dd;
const bit<8> NEXT_IPV4 = 4;
const bit<8> NEXT_IPV6 = 41;
const bit<8> NEXT_ROUTING = 43;
const bit<8> ROUTING_TYPE_SEGMENTS = 4;
const bit<16> IPV6_BYTES = 40;
const bit<9> CPU_PORT = 510;

#define MOST_SEGMENTS 4

typedef bit<48> MacAddress;
typedef bit<128> Ipv6Address;
typedef bit<16> Vrf;
typedef bit<16> NextHop;

/// Why a packet goes to the controller.
enum bit<8> Reason {
    None = 0,
    TimeExceeded = 1, // ICMPv6 type 3
    HeaderField = 2, // ICMPv6 type 4, code 0
    UpperLayer = 4, // ICMPv6 type 4, code 4 (RFC 8986, section 10.1)
    NoRoute = 5 // ICMPv6 type 1, code 0
}

@controller_header("packet_in")
header packet_in_t {
    Reason reason;
    bit<9> ingressPort;
    bit<7> pad;
}

@controller_header("packet_out")
header packet_out_t {
    bit<9> egressPort;
    bit<7> pad;
}

header ethernet_t {
    MacAddress dst;
    MacAddress src;
    bit<16> type;
}

header ipv6_t {
    bit<4> version;
    bit<8> trafficClass;
    bit<20> flowLabel;
    bit<16> payloadLength;
    bit<8> nextHeader;
    bit<8> hopLimit;
    Ipv6Address src;
    Ipv6Address dst;
}

header srh_t {
    bit<8> nextHeader;
    bit<8> length; // in units of 8 bytes, without the first
    bit<8> routingType;
    bit<8> segmentsLeft;
    bit<8> lastEntry;
    bit<8> flags;
    bit<16> tag;
}

header segment_t {
    Ipv6Address sid;
}

header ipv4_t {
    bit<4> version;
    bit<4> ihl;
    bit<8> diffserv;
    bit<16> totalLength;
    bit<32> fragment;
    bit<8> ttl;
    bit<8> protocol;
    bit<16> checksum;
    bit<32> src;
    bit<32> dst;
}

/// An IPv6 header with its segments; the first in the stack is the last of the way.
struct routed_t {
    ipv6_t ipv6;
    srh_t srh;
    segment_t[MOST_SEGMENTS] segments;
}

struct headers_t {
    packet_in_t packet_in;
    packet_out_t packet_out;
    ethernet_t ethernet;
    routed_t pushed; // by this headend
    routed_t outer;
    ipv4_t ipv4; // what is inside, or the packet itself
    ipv6_t inner;
}

struct metadata_t {
    Vrf vrf;
    NextHop nextHop;
    bit<16> policy;
    Reason reason;
    bit<8> segmentsToRead;
}

error {
    BadSegmentList,
    BadVersion
}

parser Srv6Parser(packet_in packet, out headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    state start {
        transition select(std.ingress_port) {
            CPU_PORT: from_controller;
            default: ethernet;
        }
    }

    state from_controller {
        packet.extract(hdr.packet_out);
        transition ethernet;
    }

    state ethernet {
        packet.extract(hdr.ethernet);
        transition select(hdr.ethernet.type) {
            TYPE_IPV4: ipv4;
            TYPE_IPV6: ipv6;
            default: accept;
        }
    }

    state ipv6 {
        packet.extract(hdr.outer.ipv6);
        verify(hdr.outer.ipv6.version == 6, error.BadVersion);
        transition select(hdr.outer.ipv6.nextHeader) {
            NEXT_ROUTING: routing;
            NEXT_IPV4: ipv4;
            NEXT_IPV6: inner;
            default: accept;
        }
    }

    state routing {
        packet.extract(hdr.outer.srh);
        transition select(hdr.outer.srh.routingType) {
            ROUTING_TYPE_SEGMENTS: first_segment;
            default: accept;
        }
    }

    state first_segment {
        // Options behind the segments (TLVs) are none of this program's: then the length is another one.
        verify(hdr.outer.srh.length == 2 * (hdr.outer.srh.lastEntry + 1), error.BadSegmentList);
        verify(hdr.outer.srh.segmentsLeft <= hdr.outer.srh.lastEntry + 1, error.BadSegmentList);
        meta.segmentsToRead = hdr.outer.srh.lastEntry;
        packet.extract(hdr.outer.segments.next);
        transition more_segments;
    }

    state more_segments {
        transition select(meta.segmentsToRead) {
            0: behind_segments;
            default: segment;
        }
    }

    state segment {
        meta.segmentsToRead = meta.segmentsToRead - 1;
        packet.extract(hdr.outer.segments.next);
        transition more_segments;
    }

    state behind_segments {
        transition select(hdr.outer.srh.nextHeader) {
            NEXT_IPV4: ipv4;
            NEXT_IPV6: inner;
            default: accept;
        }
    }

    state ipv4 {
        packet.extract(hdr.ipv4);
        verify(hdr.ipv4.version == 4, error.BadVersion);
        transition accept;
    }

    state inner {
        packet.extract(hdr.inner);
        verify(hdr.inner.version == 6, error.BadVersion);
        transition accept;
    }
}

control VerifyIpv4(inout headers_t hdr, inout metadata_t meta) {
    apply {
        verify_checksum(hdr.ipv4.isValid() && hdr.ipv4.ihl == 5,
            {
                hdr.ipv4.version, hdr.ipv4.ihl, hdr.ipv4.diffserv, hdr.ipv4.totalLength,
                hdr.ipv4.fragment, hdr.ipv4.ttl, hdr.ipv4.protocol, hdr.ipv4.src, hdr.ipv4.dst
            },
            hdr.ipv4.checksum, HashAlgorithm.csum16);
    }
}

/// The way of a packet that is to leave: its time to live, and the table of its network.
control Forward(inout headers_t hdr, inout metadata_t meta) {
    action next_hop(NextHop id) {
        meta.nextHop = id;
    }

    /// H.Encaps: the packet gets a header of its own, with the segments of a policy.
    action steer(bit<16> policy) {
        meta.policy = policy;
    }

    action no_route() {
        meta.reason = Reason.NoRoute;
    }

    table ipv4_routes {
        key = {
            meta.vrf: exact;
            hdr.ipv4.dst: lpm;
        }
        actions = { next_hop; steer; no_route; }
        default_action = no_route();
        size = 65536;
    }

    table ipv6_routes {
        key = {
            meta.vrf: exact;
            hdr.outer.ipv6.dst: lpm;
        }
        actions = { next_hop; steer; no_route; }
        default_action = no_route();
        size = 65536;
    }

    apply {
        if (hdr.outer.ipv6.isValid()) {
            if (hdr.outer.ipv6.hopLimit <= 1) {
                meta.reason = Reason.TimeExceeded;
            } else if (ipv6_routes.apply().hit) {
                hdr.outer.ipv6.hopLimit = hdr.outer.ipv6.hopLimit - 1;
            }
        } else if (hdr.ipv4.ttl <= 1) {
            meta.reason = Reason.TimeExceeded;
        } else if (ipv4_routes.apply().hit) {
            hdr.ipv4.ttl = hdr.ipv4.ttl - 1;
            // The checksum by difference (RFC 1624): 0x0100 less in the header is as much more here, in one's complement.
            bit<16> carry = hdr.ipv4.checksum >= 0xfeff ? 16w1 : 0;
            hdr.ipv4.checksum = hdr.ipv4.checksum + 0x0100 + carry;
        }
    }
}

/// H.Encaps and H.Encaps.Red (RFC 8986, sections 5.1 and 5.2).
control Headend(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    /// A header whose destination is the first segment, around the packet; `routingBytes` is the length of the segment routing header.
    action push(Ipv6Address src, Ipv6Address first, bit<16> routingBytes) {
        bit<16> packetBytes = hdr.outer.ipv6.isValid()
            ? hdr.outer.ipv6.payloadLength + IPV6_BYTES
            : hdr.ipv4.totalLength;
        bit<8> class = hdr.outer.ipv6.isValid() ? hdr.outer.ipv6.trafficClass : hdr.ipv4.diffserv;
        hdr.pushed.ipv6 = { 6, class, 0, packetBytes + routingBytes, NEXT_ROUTING, 64, src, first };
        hash(hdr.pushed.ipv6.flowLabel, HashAlgorithm.crc16, 20w0,
            { hdr.outer.ipv6.src, hdr.outer.ipv6.dst, hdr.ipv4.src, hdr.ipv4.dst }, 32w0x10000);
        hdr.ethernet.type = TYPE_IPV6;
    }

    action push_routing(bit<8> segmentsLeft, bit<8> lastEntry) {
        bit<8> inside = hdr.outer.ipv6.isValid() ? NEXT_IPV6 : NEXT_IPV4;
        hdr.pushed.srh = { inside, 2 * (lastEntry + 1), ROUTING_TYPE_SEGMENTS, segmentsLeft, lastEntry, 0, 0 };
    }

    action encapsulate_1(Ipv6Address src, Ipv6Address first) {
        push(src, first, 24);
        push_routing(0, 0);
        hdr.pushed.segments[0] = { first };
    }

    action encapsulate_2(Ipv6Address src, Ipv6Address first, Ipv6Address second) {
        push(src, first, 40);
        push_routing(1, 1);
        hdr.pushed.segments[0] = { second };
        hdr.pushed.segments[1] = { first };
    }

    action encapsulate_3(Ipv6Address src, Ipv6Address first, Ipv6Address second, Ipv6Address third) {
        push(src, first, 56);
        push_routing(2, 2);
        hdr.pushed.segments[0] = { third };
        hdr.pushed.segments[1] = { second };
        hdr.pushed.segments[2] = { first };
    }

    /// Of one segment nothing is left to write down but the destination.
    action reduced_1(Ipv6Address src, Ipv6Address first) {
        push(src, first, 0);
        hdr.pushed.ipv6.nextHeader = hdr.outer.ipv6.isValid() ? NEXT_IPV6 : NEXT_IPV4;
    }

    /// The first segment is the destination already, so the list has the others only.
    action reduced_2(Ipv6Address src, Ipv6Address first, Ipv6Address second) {
        push(src, first, 24);
        push_routing(1, 0);
        hdr.pushed.segments[0] = { second };
    }

    action reduced_3(Ipv6Address src, Ipv6Address first, Ipv6Address second, Ipv6Address third) {
        push(src, first, 40);
        push_routing(2, 1);
        hdr.pushed.segments[0] = { third };
        hdr.pushed.segments[1] = { second };
    }

    action no_policy() {
        mark_to_drop(std);
    }

    table policies {
        key = { meta.policy: exact; }
        actions = {
            encapsulate_1;
            encapsulate_2;
            encapsulate_3;
            reduced_1;
            reduced_2;
            reduced_3;
            @defaultonly no_policy;
        }
        const default_action = no_policy();
        size = 4096;
    }

    apply {
        policies.apply();
    }
}

control Srv6Ingress(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    counter(1024, CounterType.packets_and_bytes) behaviours;
    Forward() forward;
    Headend() headend;

    action drop() {
        mark_to_drop(std);
    }

    action to_controller() {
        hdr.packet_in = { meta.reason, std.ingress_port, 0 };
        std.egress_spec = CPU_PORT;
    }

    action end(bit<32> index) {
        behaviours.count(index);
    }

    /// End.X: on to one neighbour, whatever the routes say.
    action end_x(bit<32> index, NextHop id) {
        behaviours.count(index);
        meta.nextHop = id;
    }

    action end_dt4(bit<32> index, Vrf vrf) {
        behaviours.count(index);
        meta.vrf = vrf;
    }

    action end_dt6(bit<32> index, Vrf vrf) {
        behaviours.count(index);
        meta.vrf = vrf;
    }

    action end_dt46(bit<32> index, Vrf vrf) {
        behaviours.count(index);
        meta.vrf = vrf;
    }

    /// The segments that this node has instantiated.
    table my_sids {
        key = { hdr.outer.ipv6.dst: lpm; }
        actions = { end; end_x; end_dt4; end_dt6; end_dt46; @defaultonly NoAction; }
        const default_action = NoAction();
        size = 1024;
    }

    action in_vrf(Vrf vrf) {
        meta.vrf = vrf;
    }

    /// Ports of customers; all others are the network's own, which is VRF 0.
    table ports {
        key = { std.ingress_port: exact; }
        actions = { in_vrf; @defaultonly NoAction; }
        const default_action = NoAction();
        size = 512;
    }

    /// What is left of a packet when its last segment is done: `isRight` tells whether the behaviour is for what is inside.
    action decapsulate(in bool isRight) {
        meta.reason = isRight ? Reason.None : Reason.UpperLayer;
        if (hdr.outer.srh.isValid() && hdr.outer.srh.segmentsLeft != 0) {
            meta.reason = Reason.HeaderField;
        }
        if (meta.reason == Reason.None) {
            hdr.outer.srh.setInvalid();
            hdr.outer.segments.pop_front(MOST_SEGMENTS);
            if (hdr.inner.isValid()) {
                hdr.outer.ipv6 = hdr.inner;
                hdr.inner.setInvalid();
            } else {
                hdr.outer.ipv6.setInvalid();
                hdr.ethernet.type = TYPE_IPV4;
            }
        }
    }

    /// The next segment becomes the destination (RFC 8986, section 4.1).
    action advance() {
        if (!hdr.outer.srh.isValid() || hdr.outer.srh.segmentsLeft == 0) {
            meta.reason = Reason.UpperLayer;
        } else if (hdr.outer.ipv6.hopLimit <= 1) {
            meta.reason = Reason.TimeExceeded;
        } else {
            hdr.outer.srh.segmentsLeft = hdr.outer.srh.segmentsLeft - 1;
            hdr.outer.ipv6.dst = hdr.outer.segments[hdr.outer.srh.segmentsLeft].sid;
        }
    }

    action send(bit<9> port, MacAddress src, MacAddress dst) {
        std.egress_spec = port;
        hdr.ethernet.src = src;
        hdr.ethernet.dst = dst;
    }

    table next_hops {
        key = { meta.nextHop: exact; }
        actions = { send; @defaultonly drop; }
        const default_action = drop();
        size = 4096;
    }

    action toward(NextHop id) {
        meta.nextHop = id;
    }

    /// Routes to the first segments of what this headend sends.
    table underlay {
        key = { hdr.pushed.ipv6.dst: lpm; }
        actions = { toward; @defaultonly drop; }
        const default_action = drop();
        size = 4096;
    }

    apply {
        if (hdr.packet_out.isValid()) {
            std.egress_spec = hdr.packet_out.egressPort;
            hdr.packet_out.setInvalid();
            return;
        }
        if (std.parser_error == error.BadSegmentList || std.parser_error == error.StackOutOfBounds) {
            meta.reason = Reason.HeaderField;
            to_controller();
            return;
        }
        if (std.parser_error != error.NoError) {
            drop();
            return;
        }
        if (!hdr.ipv4.isValid() && !hdr.outer.ipv6.isValid()) {
            drop();
            return;
        }
        ports.apply();
        bool isRouted = true;
        if (hdr.outer.ipv6.isValid()) {
            switch (my_sids.apply().action_run) {
                end: { advance(); }
                end_x: {
                    advance();
                    isRouted = false;
                    if (meta.reason == Reason.None) {
                        hdr.outer.ipv6.hopLimit = hdr.outer.ipv6.hopLimit - 1;
                    }
                }
                end_dt4: { decapsulate(hdr.ipv4.isValid()); }
                end_dt6: { decapsulate(hdr.inner.isValid()); }
                end_dt46: {
                    decapsulate(hdr.ipv4.isValid() || hdr.inner.isValid());
                }
                default: {}
            }
        }
        if (!hdr.outer.ipv6.isValid() && std.checksum_error == 1) {
            drop();
            return;
        }
        if (meta.reason == Reason.None && isRouted) {
            forward.apply(hdr, meta);
        }
        if (meta.reason == Reason.None && meta.policy != 0) {
            headend.apply(hdr, meta, std);
            if (underlay.apply().miss) {
                return;
            }
        }
        if (meta.reason == Reason.None) {
            next_hops.apply();
        } else {
            to_controller();
        }
    }
}

control Srv6Egress(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    apply {}
}

control NoUpdate(inout headers_t hdr, inout metadata_t meta) {
    apply {}
}

control Srv6Deparser(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr.packet_in);
        packet.emit(hdr.ethernet);
        packet.emit(hdr.pushed);
        packet.emit(hdr.outer);
        packet.emit(hdr.ipv4);
        packet.emit(hdr.inner);
    }
}

V1Switch(Srv6Parser(), VerifyIpv4(), Srv6Ingress(), Srv6Egress(), NoUpdate(), Srv6Deparser()) main;
