/*
 * An edge of an MPLS domain in PSA: labels are pushed by prefix, swapped inside, and popped at the end (RFC 3031, RFC 3032). Times to
 * live are one time for IPv4 and all labels (the uniform model of RFC 3443); packets whose time is over go to the controller.
 */
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
    bit<4> version;
    bit<60> first;
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

/// A field as it was and as it is, for the checksum.
struct Change<T> {
    T before;
    T behind;
}

struct metadata_t {
    Change<bit<8>> ttl;
}

error {
    BadVersion
}

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
        verify(hdr.ipv4.version == 4, error.BadVersion);
        meta.ttl = { hdr.ipv4.ttl, hdr.ipv4.ttl };
        transition accept;
    }
}

control EdgeIngress(inout headers_t hdr, inout metadata_t meta, in psa_ingress_input_metadata_t istd, inout psa_ingress_output_metadata_t ostd) {
    Counter<bit<64>, PortId_t>(512, PSA_CounterType_t.PACKETS_AND_BYTES) received;
    ActionSelector(PSA_HashAlgorithm_t.CRC32, 32w1024, 32w16) paths;

    action drop() {
        ingress_drop(ostd);
    }

    action to_controller() {
        send_to_port(ostd, PSA_PORT_CPU);
    }

    /// One label more at the top; its time to live is that of the packet, which is one hop older here.
    action push_label(Label label) {
        hdr.labels.push_front(1);
        hdr.labels[0] = { label, 0, (bit<1>) !hdr.labels[1].isValid(), hdr.ipv4.ttl };
    }

    action push(Label label, PortId_t port) {
        hdr.ipv4.ttl = hdr.ipv4.ttl - 1;
        push_label(label);
        hdr.ethernet.type = EtherType.Mpls;
        send_to_port(ostd, port);
    }

    /// For a network of a customer: the outer label leads to the other edge, the inner one says there which network it is.
    action push_two(Label outer, Label inner, PortId_t port) {
        hdr.ipv4.ttl = hdr.ipv4.ttl - 1;
        push_label(inner);
        push_label(outer);
        hdr.ethernet.type = EtherType.Mpls;
        send_to_port(ostd, port);
    }

    action swap(Label label, PortId_t port) {
        hdr.labels[0].label = label;
        hdr.labels[0].ttl = hdr.labels[0].ttl - 1;
        send_to_port(ostd, port);
    }

    /// The time to live of the label goes to what is below it.
    action pop(PortId_t port) {
        bit<8> ttl = hdr.labels[0].ttl - 1;
        bool isLast = hdr.labels[0].isBottom == 1;
        hdr.labels.pop_front(1);
        if (isLast) {
            hdr.ethernet.type = EtherType.Ipv4;
            hdr.ipv4.ttl = ttl;
        } else {
            hdr.labels[0].ttl = ttl;
        }
        send_to_port(ostd, port);
    }

    table prefixes {
        key = {
            hdr.ipv4.dst: lpm;
            hdr.ipv4.src: selector;
        }
        actions = { push; push_two; drop; }
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
        if (istd.parser_error != error.NoError || !hdr.ipv4.isValid()) {
            drop();
        } else if (hdr.labels[0].isValid()) {
            if (hdr.labels[0].ttl <= 1) {
                to_controller();
            } else {
                incoming_labels.apply();
            }
        } else if (hdr.ipv4.ttl <= 1) {
            to_controller();
        } else {
            prefixes.apply();
        }
        meta.ttl.behind = hdr.ipv4.ttl;
    }
}

control EdgeDeparser(packet_out buffer, out empty_t cloned, out empty_t resubmitted, out empty_t normal, inout headers_t hdr, in metadata_t meta, in psa_ingress_output_metadata_t istd) {
    InternetChecksum() checksum;

    apply {
        // Only the time to live changes, so the checksum is kept by difference (PSA, section 7.4.2).
        checksum.clear();
        checksum.subtract(hdr.ipv4.checksum);
        checksum.subtract({ meta.ttl.before, hdr.ipv4.protocol });
        checksum.add({ meta.ttl.behind, hdr.ipv4.protocol });
        hdr.ipv4.checksum = checksum.get();
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
