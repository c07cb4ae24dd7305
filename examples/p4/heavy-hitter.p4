/*
 * Heavy hitters by a count-min sketch: three rows of counters, each with other bits of a hash. (Not with a salt: a CRC is linear, so two
 * flows that meet in one row would meet in all.) The least of a flow's three counters is
 * never less than what the flow has sent, and seldom much more. A flow that passes the threshold is told to the controller once, and
 * from then on marked. The controller resets the rows when an interval ends.
 */
#include <core.p4>
#include <v1model.p4>

const bit<16> TYPE_IPV4 = 0x0800;
const bit<32> COLUMNS = 1024;
const bit<32> REPORTS = 1;
const bit<6> DSCP_HEAVY = 8; // lower effort, as it was called: CS1

header ethernet_t {
    bit<48> dst;
    bit<48> src;
    bit<16> type;
}

header ipv4_t {
    bit<4> version;
    bit<4> ihl;
    bit<6> dscp;
    bit<2> ecn;
    bit<16> totalLength;
    bit<32> fragment;
    bit<8> ttl;
    bit<8> protocol;
    bit<16> checksum;
    bit<32> src;
    bit<32> dst;
}

struct headers_t {
    ethernet_t ethernet;
    ipv4_t ipv4;
}

/// Told to the controller.
struct heavy_t {
    bit<32> src;
    bit<32> dst;
    bit<8> protocol;
    bit<32> bytes;
}

struct metadata_t {
    bit<32> estimate;
    bit<32> threshold;
}

parser SketchParser(packet_in packet, out headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    state start {
        packet.extract(hdr.ethernet);
        transition select(hdr.ethernet.type) {
            TYPE_IPV4: ipv4;
            default: reject;
        }
    }

    state ipv4 {
        packet.extract(hdr.ipv4);
        transition accept;
    }
}

control VerifyIpv4(inout headers_t hdr, inout metadata_t meta) {
    apply {
        verify_checksum(hdr.ipv4.isValid() && hdr.ipv4.ihl == 5,
            {
                hdr.ipv4.version, hdr.ipv4.ihl, hdr.ipv4.dscp, hdr.ipv4.ecn, hdr.ipv4.totalLength,
                hdr.ipv4.fragment, hdr.ipv4.ttl, hdr.ipv4.protocol, hdr.ipv4.src, hdr.ipv4.dst
            },
            hdr.ipv4.checksum, HashAlgorithm.csum16);
    }
}

/// One row of the sketch.
control Row(in bit<10> column, in bit<32> bytes, inout bit<32> least) {
    register<bit<32>>(COLUMNS) counts;

    apply {
        bit<32> count;
        @atomic {
            counts.read(count, (bit<32>) column);
            count = count |+| bytes;
            counts.write((bit<32>) column, count);
        }
        if (count < least) {
            least = count;
        }
    }
}

control SketchIngress(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    Row() row1;
    Row() row2;
    Row() row3;
    counter(2, CounterType.packets) marked;

    action drop() {
        mark_to_drop(std);
    }

    action forward(bit<9> port) {
        std.egress_spec = port;
    }

    table ports {
        key = { std.ingress_port: exact; }
        actions = { forward; @defaultonly drop; }
        const default_action = drop();
        size = 512;
    }

    action limit(bit<32> bytes) {
        meta.threshold = bytes;
    }

    table thresholds {
        key = { hdr.ipv4.dst: lpm; }
        actions = { limit; }
        default_action = limit(1000000);
        size = 256;
    }

    apply {
        if (std.parser_error != error.NoError || !hdr.ipv4.isValid() || hdr.ipv4.ihl != 5 || std.checksum_error == 1) {
            drop();
            return;
        }
        ports.apply();
        thresholds.apply();
        bit<32> bytes = (bit<32>) hdr.ipv4.totalLength;
        bit<32> flow;
        hash(flow, HashAlgorithm.crc32, 32w0, { hdr.ipv4.src, hdr.ipv4.dst, hdr.ipv4.protocol }, 64w0x100000000);
        meta.estimate = 0xffffffff;
        row1.apply(flow[9:0], bytes, meta.estimate);
        row2.apply(flow[19:10], bytes, meta.estimate);
        row3.apply(flow[29:20], bytes, meta.estimate);
        bool isHeavy = meta.estimate > meta.threshold;
        if (isHeavy && meta.estimate - bytes <= meta.threshold) {
            // This packet is the one that passed the threshold.
            digest<heavy_t>(REPORTS, { hdr.ipv4.src, hdr.ipv4.dst, hdr.ipv4.protocol, meta.estimate });
        }
        if (isHeavy) {
            hdr.ipv4.dscp = DSCP_HEAVY;
        }
        marked.count(isHeavy ? 32w1 : 0);
    }
}

control SketchEgress(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    apply {}
}

control UpdateIpv4(inout headers_t hdr, inout metadata_t meta) {
    apply {
        update_checksum(hdr.ipv4.isValid(),
            {
                hdr.ipv4.version, hdr.ipv4.ihl, hdr.ipv4.dscp, hdr.ipv4.ecn, hdr.ipv4.totalLength,
                hdr.ipv4.fragment, hdr.ipv4.ttl, hdr.ipv4.protocol, hdr.ipv4.src, hdr.ipv4.dst
            },
            hdr.ipv4.checksum, HashAlgorithm.csum16);
    }
}

control SketchDeparser(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr);
    }
}

V1Switch(SketchParser(), VerifyIpv4(), SketchIngress(), SketchEgress(), UpdateIpv4(), SketchDeparser()) main;
