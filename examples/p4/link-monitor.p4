/*
 * A link monitor: probes travel the way that they carry with them, and every switch on it writes down what its port has sent since the
 * probe before. The sender computes from that how busy each link is (8 * bytes / time). All other packets are routed and counted.
 */
#include <core.p4>
#include <v1model.p4>

const bit<16> TYPE_IPV4 = 0x0800;
const bit<16> TYPE_PROBE = 0x0812;
const bit<32> PORTS = 512;

#define MOST_HOPS 6

typedef bit<9> Port;

header ethernet_t {
    bit<48> dst;
    bit<48> src;
    bit<16> type;
}

header ipv4_t {
    bit<64> first;
    bit<8> ttl;
    bit<8> protocol;
    bit<16> checksum;
    bit<32> src;
    bit<32> dst;
}

/// How many hops wrote something, and how many steps are left of the way.
header probe_t {
    bit<8> reports;
    bit<8> steps;
}

/// What a switch wrote; the newest comes first.
header report_t {
    bit<16> switchId;
    bit<7> pad;
    Port port;
    bit<32> packets;
    bit<32> bytes;
    bit<48> since;
    bit<48> now;
}

/// A port to leave by; the next one comes first.
header step_t {
    bit<7> pad;
    Port port;
}

struct headers_t {
    ethernet_t ethernet;
    ipv4_t ipv4;
    probe_t probe;
    report_t[MOST_HOPS] reports;
    step_t[MOST_HOPS] steps;
}

struct metadata_t {
    bit<8> left;
}

error {
    ProbeTooLong
}

parser MonitorParser(packet_in packet, out headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    state start {
        packet.extract(hdr.ethernet);
        transition select(hdr.ethernet.type) {
            TYPE_IPV4: ipv4;
            TYPE_PROBE: probe;
            default: reject;
        }
    }

    state ipv4 {
        packet.extract(hdr.ipv4);
        transition accept;
    }

    state probe {
        packet.extract(hdr.probe);
        verify(hdr.probe.reports < MOST_HOPS && hdr.probe.steps <= MOST_HOPS, error.ProbeTooLong);
        meta.left = hdr.probe.reports;
        transition select(meta.left) {
            0: steps;
            default: report;
        }
    }

    state report {
        packet.extract(hdr.reports.next);
        meta.left = meta.left - 1;
        transition select(meta.left) {
            0: steps;
            default: report;
        }
    }

    state steps {
        meta.left = hdr.probe.steps;
        transition select(meta.left) {
            0: accept;
            default: step;
        }
    }

    state step {
        packet.extract(hdr.steps.next);
        meta.left = meta.left - 1;
        transition select(meta.left) {
            0: accept;
            default: step;
        }
    }
}

control NoVerify(inout headers_t hdr, inout metadata_t meta) {
    apply {}
}

control MonitorIngress(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    action drop() {
        mark_to_drop(std);
    }

    action forward(Port port, bit<48> src, bit<48> dst) {
        std.egress_spec = port;
        hdr.ethernet.src = src;
        hdr.ethernet.dst = dst;
        hdr.ipv4.ttl = hdr.ipv4.ttl - 1;
        // The checksum by difference (RFC 1624).
        bit<16> carry = hdr.ipv4.checksum >= 0xfeff ? 16w1 : 0;
        hdr.ipv4.checksum = hdr.ipv4.checksum + 0x0100 + carry;
    }

    table routes {
        key = { hdr.ipv4.dst: lpm; }
        actions = { forward; drop; }
        default_action = drop();
        size = 1024;
    }

    apply {
        if (std.parser_error != error.NoError) {
            drop();
        } else if (hdr.steps[0].isValid()) {
            std.egress_spec = hdr.steps[0].port;
            hdr.steps.pop_front(1);
            hdr.probe.steps = hdr.probe.steps - 1;
        } else if (hdr.ipv4.isValid() && hdr.ipv4.ttl > 1) {
            routes.apply();
        } else {
            drop();
        }
    }
}

control MonitorEgress(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    counter(PORTS, CounterType.packets_and_bytes) sent; // since ever, for the control plane
    register<bit<32>>(PORTS) packets; // since the last probe
    register<bit<32>>(PORTS) bytes;
    register<bit<48>>(PORTS) probed;

    action identify(bit<16> switchId) {
        hdr.reports[0].switchId = switchId;
    }

    table this_switch {
        actions = { identify; }
        default_action = identify(0);
    }

    apply {
        bit<32> index = (bit<32>) std.egress_port;
        bit<32> packetsNow;
        bit<32> bytesNow;
        bit<48> since;
        // Others may count between reading and writing.
        @atomic {
            packets.read(packetsNow, index);
            bytes.read(bytesNow, index);
            packetsNow = packetsNow + 1;
            bytesNow = bytesNow + std.packet_length;
            packets.write(index, hdr.probe.isValid() ? 0 : packetsNow);
            bytes.write(index, hdr.probe.isValid() ? 0 : bytesNow);
        }
        sent.count(index);
        if (hdr.probe.isValid()) {
            probed.read(since, index);
            probed.write(index, std.egress_global_timestamp);
            hdr.reports.push_front(1);
            hdr.reports[0] = { 0, 0, std.egress_port, packetsNow, bytesNow, since, std.egress_global_timestamp };
            this_switch.apply();
            hdr.probe.reports = hdr.probe.reports + 1;
        }
    }
}

control NoUpdate(inout headers_t hdr, inout metadata_t meta) {
    apply {}
}

control MonitorDeparser(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr);
    }
}

V1Switch(MonitorParser(), NoVerify(), MonitorIngress(), MonitorEgress(), NoUpdate(), MonitorDeparser()) main;
