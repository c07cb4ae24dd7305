/*
 * Access control for IPv4 and IPv6 by prefixes, protocols and ranges of ports, with priorities. Each rule counts what it met; rules can
 * send a copy of what they meet to a collector, up to a rate. The program brings rules of its own, which the control plane may remove.
 */
#include <core.p4>
#include <v1model.p4>

const bit<16> TYPE_IPV4 = 0x0800;
const bit<16> TYPE_IPV6 = 0x86dd;

header ethernet_t {
    bit<48> dst;
    bit<48> src;
    bit<16> type;
}

header ipv4_t {
    bit<4> version;
    bit<4> ihl;
    bit<8> diffserv;
    bit<16> totalLength;
    bit<16> identification;
    bit<3> flags;
    bit<13> fragmentOffset;
    bit<8> ttl;
    bit<8> protocol;
    bit<16> checksum;
    bit<32> src;
    bit<32> dst;
}

header ipv4_options_t {
    varbit<320> options;
}

header ipv6_t {
    bit<4> version;
    bit<8> trafficClass;
    bit<20> flowLabel;
    bit<16> payloadLength;
    bit<8> nextHeader;
    bit<8> hopLimit;
    bit<128> src;
    bit<128> dst;
}

/// What TCP and UDP have in common.
header ports_t {
    bit<16> src;
    bit<16> dst;
}

struct headers_t {
    ethernet_t ethernet;
    ipv4_t ipv4;
    ipv4_options_t ipv4_options;
    ipv6_t ipv6;
    ports_t ports;
}

/// What rules look at, whichever family it is of.
struct metadata_t {
    bit<8> protocol;
    bit<16> srcPort;
    bit<16> dstPort;
    bit<2> colour;
}

parser AclParser(packet_in packet, out headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    state start {
        packet.extract(hdr.ethernet);
        transition select(hdr.ethernet.type) {
            TYPE_IPV4: ipv4;
            TYPE_IPV6: ipv6;
            default: accept;
        }
    }

    state ipv4 {
        packet.extract(hdr.ipv4);
        meta.protocol = hdr.ipv4.protocol;
        transition select(hdr.ipv4.version, hdr.ipv4.ihl) {
            (4, 5): behind_ipv4;
            (4, 6 .. 15): options;
            default: reject;
        }
    }

    state options {
        packet.extract(hdr.ipv4_options, ((bit<32>) hdr.ipv4.ihl - 5) * 32);
        transition behind_ipv4;
    }

    state behind_ipv4 {
        // Only the first part of a packet has ports.
        transition select(hdr.ipv4.fragmentOffset, hdr.ipv4.protocol) {
            (0, 6): ports;
            (0, 17): ports;
            default: accept;
        }
    }

    state ipv6 {
        packet.extract(hdr.ipv6);
        meta.protocol = hdr.ipv6.nextHeader;
        transition select(hdr.ipv6.version, hdr.ipv6.nextHeader) {
            (6, 6): ports;
            (6, 17): ports;
            (6, _): accept;
            default: reject;
        }
    }

    state ports {
        packet.extract(hdr.ports);
        meta.srcPort = hdr.ports.src;
        meta.dstPort = hdr.ports.dst;
        transition accept;
    }
}

control NoChecksum(inout headers_t hdr, inout metadata_t meta) {
    apply {}
}

control AclIngress(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    direct_counter(CounterType.packets_and_bytes) matched_ipv4;
    direct_counter(CounterType.packets_and_bytes) matched_ipv6;
    direct_meter<bit<2>>(MeterType.packets) copied;

    action drop() {
        mark_to_drop(std);
    }

    action forward(bit<9> port) {
        std.egress_spec = port;
    }

    /// Where stations are; all that is not refused goes there.
    table stations {
        key = { hdr.ethernet.dst: exact; }
        actions = { forward; drop; }
        default_action = drop();
        size = 4096;
    }

    action allow() {
        matched_ipv4.count();
    }

    action deny() {
        matched_ipv4.count();
        mark_to_drop(std);
    }

    /// Allowed, and a copy goes to a collector while the rule's rate is not used up.
    action copy(bit<32> session) {
        matched_ipv4.count();
        copied.read(meta.colour);
        if (meta.colour != V1MODEL_METER_COLOR_RED) {
            clone(CloneType.I2E, session);
        }
    }

    table ipv4_rules {
        key = {
            hdr.ipv4.src: ternary;
            hdr.ipv4.dst: ternary;
            meta.protocol: optional @name("protocol");
            meta.srcPort: range @name("src_port");
            meta.dstPort: range @name("dst_port");
        }
        actions = { allow; deny; copy; }
        counters = matched_ipv4;
        meters = copied;
        default_action = deny();
        largest_priority_wins = true;
        priority_delta = 10;
        entries = {
            const priority = 100: (_, 0x0a000000 &&& 0xff000000, 17, _, 53): allow();
            priority = (90 + 5): (0xc0a80000 &&& 0xffff0000, _, 6, 1024 .. 65535, 22 .. 23): deny();
            (_, _, 17, _, 33434 .. 33534): copy(5) @name("traceroute");
        }
        size = 1024;
    }

    action allow6() {
        matched_ipv6.count();
    }

    action deny6() {
        matched_ipv6.count();
        mark_to_drop(std);
    }

    table ipv6_rules {
        key = {
            hdr.ipv6.src: ternary;
            hdr.ipv6.dst: ternary;
            meta.protocol: optional @name("protocol");
            meta.srcPort: range @name("src_port");
            meta.dstPort: range @name("dst_port");
        }
        actions = { allow6; deny6; }
        counters = matched_ipv6;
        default_action = deny6();
        size = 1024;
    }

    apply {
        if (std.parser_error != error.NoError) {
            drop();
            return;
        }
        stations.apply();
        // A rule that refuses undoes the decision, so rules come last.
        if (hdr.ipv4.isValid()) {
            if (hdr.ipv4.version != 4 || hdr.ipv4.ihl < 5) {
                drop();
            } else {
                ipv4_rules.apply();
            }
        } else if (hdr.ipv6.isValid()) {
            if (hdr.ipv6.version != 6) {
                drop();
            } else {
                ipv6_rules.apply();
            }
        }
    }
}

control AclEgress(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    apply {}
}

control AclDeparser(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr);
    }
}

V1Switch(AclParser(), NoChecksum(), AclIngress(), AclEgress(), NoChecksum(), AclDeparser()) main;
