/// An edge of an MPLS domain in PSA: labels are pushed by prefix, swapped inside, and popped at the end (RFC 3031, 3032).
#include <core.p4>
#include <bmv2/psa.p4>

#define DEEPEST_STACK 3

typedef bit<20> Label;

enum bit<16> EtherType {
    Ipv4 = 0x0800,
    Mpls = 0x8847
}

header ethernet_h {
    bit<48> dst;
    bit<48> src;
    EtherType type;
}

header mpls_h {
    Label label;
    bit<3> trafficClass;
    bit<1> isBottom;
    bit<8> ttl;
}

header ipv4_h {
    bit<64> first;
    bit<8> ttl;
    bit<8> protocol;
    bit<16> checksum;
    bit<32> src;
    bit<32> dst;
}

struct empty_t {}

struct headers_t {
    ethernet_h ethernet;
    mpls_h[DEEPEST_STACK] labels;
    ipv4_h ipv4;
}

struct Pair<A, B> {
    A first;
    B second;
}

struct metadata_t {
    Pair<Label, bit<8>> pushed;
    bool isPopped;
}

error { StackTooDeep }

parser EdgeParser(packet_in buffer, out headers_t hdr, inout metadata_t meta, in psa_ingress_parser_input_metadata_t istd, in empty_t resubmitted, in empty_t recirculated) {
    state start {
        buffer.extract(hdr.ethernet);
        transition select(hdr.ethernet.type) {
            EtherType.Mpls: labels;
            EtherType.Ipv4: ipv4;
            default: reject;
        }
    }

    state labels {
        buffer.extract(hdr.labels.next);
        transition select(hdr.labels.last.isBottom) {
            0: labels;
            1: ipv4;
        }
    }

    state ipv4 {
        buffer.extract(hdr.ipv4);
        transition accept;
    }
}

control EdgeIngress(inout headers_t hdr, inout metadata_t meta, in psa_ingress_input_metadata_t istd, inout psa_ingress_output_metadata_t ostd) {
    Counter<bit<64>, PortId_t>(512, PSA_CounterType_t.PACKETS_AND_BYTES) received;
    ActionSelector(PSA_HashAlgorithm_t.CRC32, 32w1024, 32w16) paths;

    action drop() {
        ingress_drop(ostd);
    }

    action push(Label label, PortId_t port) {
        hdr.labels.push_front(1);
        hdr.labels[0] = { label, 0, 0, hdr.ipv4.ttl };
        hdr.labels[0].isBottom = (bit<1>) !hdr.labels[1].isValid();
        hdr.ethernet.type = EtherType.Mpls;
        meta.pushed = { first = label, second = hdr.ipv4.ttl };
        send_to_port(ostd, port);
    }

    action swap(Label label, PortId_t port) {
        hdr.labels[0].label = label;
        hdr.labels[0].ttl = hdr.labels[0].ttl |-| 1;
        send_to_port(ostd, port);
    }

    action pop(PortId_t port) {
        meta.isPopped = hdr.labels[0].isBottom == 1;
        hdr.labels.pop_front(1);
        send_to_port(ostd, port);
    }

    table prefixes {
        key = {
            hdr.ipv4.dst: lpm;
            hdr.ipv4.src: selector;
        }
        actions = { push; drop; }
        psa_implementation = paths;
        size = 8192;
    }

    table incoming_labels {
        key = { hdr.labels[0].label: exact; }
        actions = { swap; pop; drop; }
        default_action = drop();
        psa_idle_timeout = PSA_IdleTimeout_t.NOTIFY_CONTROL;
        size = 8192;
    }

    apply {
        received.count(istd.ingress_port);
        if (istd.parser_error != error.NoError) {
            drop();
        } else if (hdr.labels[0].isValid()) {
            incoming_labels.apply();
            if (meta.isPopped) {
                hdr.ethernet.type = EtherType.Ipv4;
                hdr.ipv4.ttl = (hdr.ipv4.ttl > 0) ? hdr.ipv4.ttl - 1 : 0;
            }
        } else {
            prefixes.apply();
        }
    }
}

control EdgeDeparser(packet_out buffer, out empty_t cloned, out empty_t resubmitted, out empty_t normal, inout headers_t hdr, in metadata_t meta, in psa_ingress_output_metadata_t istd) {
    InternetChecksum() checksum;

    apply {
        checksum.subtract(hdr.ipv4.checksum);
        buffer.emit(hdr.ethernet);
        buffer.emit(hdr.labels);
        buffer.emit(hdr.ipv4);
    }
}

parser EgressParser_(packet_in buffer, out headers_t hdr, inout metadata_t meta, in psa_egress_parser_input_metadata_t istd, in empty_t normal, in empty_t fromIngress, in empty_t fromEgress) {
    state start {
        transition accept;
    }
}

control EgressNothing(inout headers_t hdr, inout metadata_t meta, in psa_egress_input_metadata_t istd, inout psa_egress_output_metadata_t ostd) {
    apply {}
}

control EgressDeparser_(packet_out buffer, out empty_t cloned, out empty_t recirculated, inout headers_t hdr, in metadata_t meta, in psa_egress_output_metadata_t istd, in psa_egress_deparser_input_metadata_t edstd) {
    apply {}
}

IngressPipeline(EdgeParser(), EdgeIngress(), EdgeDeparser()) ingress;
EgressPipeline(EgressParser_(), EgressNothing(), EgressDeparser_()) egress;

PSA_Switch(ingress, PacketReplicationEngine(), egress, BufferingQueueingEngine()) main;
