// A firewall that lets answers in: flows that were opened from inside are remembered in a Bloom filter of two hashes.
#include <core.p4>
#include <v1model.p4>

#define FILTER_BITS 4096
#define FILTER_INDEX 32

#ifndef INSIDE_PORTS
#define INSIDE_PORTS 4
#endif

header ethernet_t { bit<48> dst; bit<48> src; bit<16> type; }

header ipv4_t {
    bit<8> versionAndLength;
    bit<8> diffserv;
    bit<16> totalLength;
    bit<32> fragment;
    bit<8> ttl;
    bit<8> protocol;
    bit<16> checksum;
    bit<32> src;
    bit<32> dst;
}

header tcp_t {
    bit<16> src;
    bit<16> dst;
    bit<32> sequence;
    bit<32> acknowledged;
    bit<4> offset;
    bit<6> reserved;
    bit<6> flags;
    bit<48> rest;
}

struct headers_t {
    ethernet_t ethernet;
    ipv4_t ipv4;
    tcp_t tcp;
}

struct metadata_t {
    bit<FILTER_INDEX> first;
    bit<FILTER_INDEX> second;
}

parser FirewallParser(packet_in packet, out headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    state start {
        packet.extract(hdr.ethernet);
        transition select(hdr.ethernet.type) { 0x0800: ipv4; default: accept; }
    }
    state ipv4 {
        packet.extract(hdr.ipv4);
        transition select(hdr.ipv4.versionAndLength, hdr.ipv4.protocol) { (0x45, 6): tcp; default: accept; }
    }
    state tcp {
        packet.extract(hdr.tcp);
        transition accept;
    }
}

control Nothing(inout headers_t hdr, inout metadata_t meta) { apply {} }

control FirewallIngress(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    register<bit<1>>(FILTER_BITS) filter1;
    register<bit<1>>(FILTER_BITS) filter2;

    action drop() { mark_to_drop(std); }

    action hashes(bit<32> inside, bit<32> outside, bit<16> insidePort, bit<16> outsidePort) {
        hash(meta.first, HashAlgorithm.crc16, 32w0,
            { inside, outside, insidePort, outsidePort, hdr.ipv4.protocol }, (bit<32>) FILTER_BITS);
        hash(meta.second, HashAlgorithm.crc32, 32w0,
            { inside, outside, insidePort, outsidePort, hdr.ipv4.protocol }, (bit<32>) FILTER_BITS);
    }

    action forward(bit<48> dst, bit<9> port) {
        std.egress_spec = port;
        hdr.ethernet.src = hdr.ethernet.dst;
        hdr.ethernet.dst = dst;
        hdr.ipv4.ttl = hdr.ipv4.ttl - 1;
        // The checksum by difference (RFC 1624).
        bit<16> carry = hdr.ipv4.checksum >= 0xfeff ? 16w1 : 0;
        hdr.ipv4.checksum = hdr.ipv4.checksum + 0x0100 + carry;
    }

    table routes {
        key = { hdr.ipv4.dst: lpm; }
        actions = { forward; drop; NoAction; }
        size = 1024;
        default_action = drop();
    }

    apply {
        if (std.parser_error != error.NoError || !hdr.ipv4.isValid() || hdr.ipv4.ttl <= 1) { drop(); return; }
        // Options and fragments would hide the ports: nothing of the kind passes.
        if (hdr.ipv4.versionAndLength != 0x45 || (hdr.ipv4.fragment & 0x3fff) != 0) { drop(); return; }
        routes.apply();
        if (!hdr.tcp.isValid()) return;
        bool isFromInside = std.ingress_port < INSIDE_PORTS;
        if (isFromInside) {
            hashes(hdr.ipv4.src, hdr.ipv4.dst, hdr.tcp.src, hdr.tcp.dst);
            // Only the packet that opens a connection is remembered.
            if (hdr.tcp.flags[1:1] == 1w1) {
                @atomic {
                    filter1.write(meta.first, 1);
                    filter2.write(meta.second, 1);
                }
            }
        } else {
            hashes(hdr.ipv4.dst, hdr.ipv4.src, hdr.tcp.dst, hdr.tcp.src);
            bit<1> one;
            bit<1> two;
            filter1.read(one, meta.first);
            filter2.read(two, meta.second);
            if ((one & two) == 0) drop();
        }
    }
}

control FirewallEgress(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) { apply {} }

control FirewallDeparser(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr.ethernet);
        packet.emit(hdr.ipv4);
        packet.emit(hdr.tcp);
    }
}

V1Switch(FirewallParser(), Nothing(), FirewallIngress(), FirewallEgress(), Nothing(), FirewallDeparser()) main;
