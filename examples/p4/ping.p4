/*
 * A switch that answers for itself: echo requests to its addresses are answered in the data plane (RFC 792), and packets whose time is
 * over make a message "time exceeded" for their sender (RFC 1812, section 4.3.2), at most one for each token of a meter.
 */
#include <core.p4>
#include <v1model.p4>

const bit<16> TYPE_IPV4 = 0x0800;
const bit<8> PROTOCOL_ICMP = 1;
const bit<8> ECHO_REPLY = 0;
const bit<8> ECHO_REQUEST = 8;
const bit<8> TIME_EXCEEDED = 11;
const bit<16> IPV4_BYTES = 20;

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

header icmp_t {
    bit<8> type;
    bit<8> code;
    bit<16> checksum;
}

/// The four bytes behind, which errors do not use.
header icmp_rest_t {
    bit<32> unused;
}

/// The first eight bytes behind IPv4, which go into errors.
header start_t {
    bit<64> bytes;
}

struct headers_t {
    ethernet_t ethernet;
    ipv4_t answer; // of an error
    icmp_t problem;
    icmp_rest_t problemRest;
    ipv4_t ipv4;
    start_t start; // of what is no ICMP to us
    icmp_t icmp;
}

struct metadata_t {
    bit<32> address; // of the port that the packet came by
    bit<1> isError;
    bit<2> colour;
}

parser PingParser(packet_in packet, out headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    state start {
        packet.extract(hdr.ethernet);
        transition select(hdr.ethernet.type) {
            TYPE_IPV4: ipv4;
            default: reject;
        }
    }

    state ipv4 {
        packet.extract(hdr.ipv4);
        transition select(hdr.ipv4.version, hdr.ipv4.ihl, hdr.ipv4.fragmentOffset, hdr.ipv4.protocol, hdr.ipv4.ttl) {
            (4, 5, 0, PROTOCOL_ICMP, 2 .. 255): icmp;
            (4, 5, _, _, _): behind_ipv4;
            default: reject;
        }
    }

    state icmp {
        packet.extract(hdr.icmp);
        transition accept;
    }

    state behind_ipv4 {
        packet.extract(hdr.start);
        transition accept;
    }
}

control VerifyIpv4(inout headers_t hdr, inout metadata_t meta) {
    apply {
        verify_checksum(hdr.ipv4.isValid(),
            {
                hdr.ipv4.version, hdr.ipv4.ihl, hdr.ipv4.diffserv, hdr.ipv4.totalLength,
                hdr.ipv4.identification, hdr.ipv4.flags, hdr.ipv4.fragmentOffset, hdr.ipv4.ttl,
                hdr.ipv4.protocol, hdr.ipv4.src, hdr.ipv4.dst
            },
            hdr.ipv4.checksum, HashAlgorithm.csum16);
    }
}

control PingIngress(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    meter(512, MeterType.packets) errors; // by the port that packets came by

    action drop() {
        mark_to_drop(std);
    }

    action own_address(bit<32> address) {
        meta.address = address;
    }

    table ports {
        key = { std.ingress_port: exact; }
        actions = { own_address; @defaultonly NoAction; }
        const default_action = NoAction();
        size = 512;
    }

    action back() {
        bit<48> dst = hdr.ethernet.src;
        hdr.ethernet.src = hdr.ethernet.dst;
        hdr.ethernet.dst = dst;
        std.egress_spec = std.ingress_port;
    }

    /// The same packet with its ends exchanged, as a reply.
    action reply() {
        back();
        bit<32> dst = hdr.ipv4.src;
        hdr.ipv4.src = hdr.ipv4.dst;
        hdr.ipv4.dst = dst;
        hdr.ipv4.ttl = 64;
        hdr.icmp.type = ECHO_REPLY;
        // The checksum by difference (RFC 1624): the type is 0x0800 less.
        bit<16> carry = hdr.icmp.checksum >= 0xf7ff ? 16w1 : 0;
        hdr.icmp.checksum = hdr.icmp.checksum + 0x0800 + carry;
    }

    /// An error with the packet's header and first eight bytes in it.
    action time_exceeded() {
        back();
        meta.isError = 1;
        hdr.answer = { 4, 5, 0xc0, IPV4_BYTES + 8 + IPV4_BYTES + 8, 0, 0, 0, 64, PROTOCOL_ICMP, 0, meta.address, hdr.ipv4.src };
        hdr.problem = { TIME_EXCEEDED, 0, 0 };
        hdr.problemRest = { 0 };
        truncate(14 + 20 + 8 + 20 + 8);
    }

    action forward(bit<9> port, bit<48> src, bit<48> dst) {
        std.egress_spec = port;
        hdr.ethernet.src = src;
        hdr.ethernet.dst = dst;
        hdr.ipv4.ttl = hdr.ipv4.ttl - 1;
    }

    /// One of the switch's own addresses.
    action local() {}

    table routes {
        key = { hdr.ipv4.dst: lpm; }
        actions = { forward; local; drop; }
        default_action = drop();
        size = 1024;
    }

    apply {
        // What the parser rejects comes here, too, with what was read so far.
        bool isWhole = hdr.icmp.isValid() || hdr.start.isValid();
        if (std.parser_error != error.NoError || std.checksum_error == 1 || !isWhole) {
            drop();
            return;
        }
        ports.apply();
        if (hdr.ipv4.ttl > 1) {
            switch (routes.apply().action_run) {
                local: {
                    if (hdr.icmp.isValid() && hdr.icmp.type == ECHO_REQUEST && hdr.icmp.code == 0) {
                        reply();
                    } else {
                        drop();
                    }
                }
                default: {}
            }
            return;
        }
        errors.execute_meter((bit<32>) std.ingress_port, meta.colour);
        // Never an error about ICMP, nor about any part of a packet but the first (RFC 1812, section 4.3.2.7).
        if (meta.address == 0 || meta.colour != V1MODEL_METER_COLOR_GREEN || hdr.ipv4.protocol == PROTOCOL_ICMP
            || hdr.ipv4.fragmentOffset != 0) {
            drop();
        } else {
            time_exceeded();
        }
    }
}

control PingEgress(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    apply {}
}

control UpdateChecksums(inout headers_t hdr, inout metadata_t meta) {
    apply {
        update_checksum(hdr.ipv4.isValid() && meta.isError == 0,
            {
                hdr.ipv4.version, hdr.ipv4.ihl, hdr.ipv4.diffserv, hdr.ipv4.totalLength,
                hdr.ipv4.identification, hdr.ipv4.flags, hdr.ipv4.fragmentOffset, hdr.ipv4.ttl,
                hdr.ipv4.protocol, hdr.ipv4.src, hdr.ipv4.dst
            },
            hdr.ipv4.checksum, HashAlgorithm.csum16);
        update_checksum(hdr.answer.isValid(),
            {
                hdr.answer.version, hdr.answer.ihl, hdr.answer.diffserv, hdr.answer.totalLength,
                hdr.answer.identification, hdr.answer.flags, hdr.answer.fragmentOffset, hdr.answer.ttl,
                hdr.answer.protocol, hdr.answer.src, hdr.answer.dst
            },
            hdr.answer.checksum, HashAlgorithm.csum16);
        update_checksum(hdr.problem.isValid(),
            { hdr.problem.type, hdr.problem.code, hdr.problemRest, hdr.ipv4, hdr.start },
            hdr.problem.checksum, HashAlgorithm.csum16);
    }
}

control PingDeparser(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr);
    }
}

V1Switch(PingParser(), VerifyIpv4(), PingIngress(), PingEgress(), UpdateChecksums(), PingDeparser()) main;
