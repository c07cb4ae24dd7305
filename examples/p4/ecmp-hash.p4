/*
 * Equal-cost paths without an action selector: a route names a group of next hops that lie side by side, and a hash of the flow picks
 * one of them. Any target with a hash can do this, and the controller changes a group by writing its members.
 */
#include <core.p4>
#include <v1model.p4>

const bit<16> TYPE_IPV4 = 0x0800;
const bit<16> TYPE_IPV6 = 0x86dd;
const bit<8> PROTOCOL_TCP = 6;
const bit<8> PROTOCOL_UDP = 17;

typedef bit<48> MacAddress;
typedef bit<16> Member;

header ethernet_t {
    MacAddress dst;
    MacAddress src;
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

header ports_t {
    bit<16> src;
    bit<16> dst;
}

struct headers_t {
    ethernet_t ethernet;
    ipv4_t ipv4;
    ipv6_t ipv6;
    ports_t ports;
}

struct metadata_t {
    Member first; // of the group
    bit<16> members;
    bit<16> flow;
}

error {
    BadHeader
}

parser EcmpParser(packet_in packet, out headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    state start {
        packet.extract(hdr.ethernet);
        transition select(hdr.ethernet.type) {
            TYPE_IPV4: ipv4;
            TYPE_IPV6: ipv6;
            default: reject;
        }
    }

    state ipv4 {
        packet.extract(hdr.ipv4);
        verify(hdr.ipv4.version == 4 && hdr.ipv4.ihl >= 5, error.BadHeader);
        // A fragment is hashed by its addresses only, so that all parts of a packet go one way.
        transition select(hdr.ipv4.ihl, hdr.ipv4.flags, hdr.ipv4.fragmentOffset, hdr.ipv4.protocol) {
            (5, 0 &&& 1, 0, PROTOCOL_TCP): ports;
            (5, 0 &&& 1, 0, PROTOCOL_UDP): ports;
            default: accept;
        }
    }

    state ipv6 {
        packet.extract(hdr.ipv6);
        transition select(hdr.ipv6.nextHeader) {
            PROTOCOL_TCP: ports;
            PROTOCOL_UDP: ports;
            default: accept;
        }
    }

    state ports {
        packet.extract(hdr.ports);
        transition accept;
    }
}

control NoVerify(inout headers_t hdr, inout metadata_t meta) {
    apply {}
}

control EcmpIngress(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    counter(1024, CounterType.packets) chosen;

    action drop() {
        mark_to_drop(std);
    }

    action use_group(Member first, bit<16> members) {
        meta.first = first;
        meta.members = members;
    }

    table ipv4_routes {
        key = { hdr.ipv4.dst: lpm; }
        actions = { use_group; drop; }
        default_action = drop();
        size = 65536;
    }

    table ipv6_routes {
        key = { hdr.ipv6.dst: lpm; }
        actions = { use_group; drop; }
        default_action = drop();
        size = 65536;
    }

    action hash_ipv4() {
        hash(meta.flow, HashAlgorithm.crc32, 16w0, { hdr.ipv4.src, hdr.ipv4.dst, hdr.ipv4.protocol }, meta.members);
    }

    action hash_ipv4_ports() {
        hash(meta.flow, HashAlgorithm.crc32, 16w0,
            { hdr.ipv4.src, hdr.ipv4.dst, hdr.ipv4.protocol, hdr.ports.src, hdr.ports.dst }, meta.members);
    }

    /// The flow label stands for the ports, also where they cannot be read (RFC 6438).
    action hash_ipv6() {
        hash(meta.flow, HashAlgorithm.crc32, 16w0, { hdr.ipv6.src, hdr.ipv6.dst, hdr.ipv6.flowLabel, 4w0 }, meta.members);
    }

    action send(bit<9> port, MacAddress src, MacAddress dst) {
        std.egress_spec = port;
        hdr.ethernet.src = src;
        hdr.ethernet.dst = dst;
    }

    table members {
        key = { meta.flow: exact @name("member"); }
        actions = { send; @defaultonly drop; }
        const default_action = drop();
        size = 1024;
    }

    apply {
        if (std.parser_error != error.NoError || !hdr.ipv4.isValid() && !hdr.ipv6.isValid()) {
            drop();
            return;
        }
        if (hdr.ipv4.isValid()) {
            if (hdr.ipv4.ttl <= 1) {
                drop();
            } else if (ipv4_routes.apply().hit) {
                hdr.ipv4.ttl = hdr.ipv4.ttl - 1;
                // By difference (RFC 1624), so it does not matter how long the header is.
                bit<16> carry = hdr.ipv4.checksum >= 0xfeff ? 16w1 : 0;
                hdr.ipv4.checksum = hdr.ipv4.checksum + 0x0100 + carry;
                if (hdr.ports.isValid()) {
                    hash_ipv4_ports();
                } else {
                    hash_ipv4();
                }
            }
        } else if (hdr.ipv6.hopLimit <= 1) {
            drop();
        } else if (ipv6_routes.apply().hit) {
            hdr.ipv6.hopLimit = hdr.ipv6.hopLimit - 1;
            hash_ipv6();
        }
        if (meta.members != 0) {
            meta.flow = meta.flow + meta.first;
            chosen.count((bit<32>) meta.flow);
            members.apply();
        }
    }
}

control EcmpEgress(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    apply {}
}

control NoUpdate(inout headers_t hdr, inout metadata_t meta) {
    apply {}
}

control EcmpDeparser(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr);
    }
}

V1Switch(EcmpParser(), NoVerify(), EcmpIngress(), EcmpEgress(), NoUpdate(), EcmpDeparser()) main;
