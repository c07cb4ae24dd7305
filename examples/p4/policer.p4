/*
 * A policer in PSA: two rates and three colours (RFC 2698). What a customer sends up to the committed rate stays as it is, what is up
 * to the peak rate is marked as the first to be dropped further on, and the rest is dropped here. Marks are those of assured forwarding
 * (RFC 2597): AF11 to AF13. Packets that come marked keep at least that mark (colour-aware).
 */
#include <core.p4>
#include <bmv2/psa.p4>

const bit<16> TYPE_IPV4 = 0x0800;
const bit<6> AF11 = 10;
const bit<6> AF12 = 12;
const bit<6> AF13 = 14;

typedef bit<16> Customer;

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

struct empty_t {}

struct headers_t {
    ethernet_t ethernet;
    ipv4_t ipv4;
}

/// The two bytes in which the mark stands.
struct first_word_t {
    bit<4> version;
    bit<4> ihl;
    bit<6> dscp;
    bit<2> ecn;
}

struct metadata_t {
    bit<6> dscpBefore;
    Customer customer;
}

parser PolicerParser(packet_in buffer, out headers_t hdr, inout metadata_t meta, in psa_ingress_parser_input_metadata_t istd, in empty_t resubmitted, in empty_t recirculated) {
    state start {
        buffer.extract(hdr.ethernet);
        transition select(hdr.ethernet.type) {
            TYPE_IPV4: ipv4;
            default: accept;
        }
    }

    state ipv4 {
        buffer.extract(hdr.ipv4);
        meta.dscpBefore = hdr.ipv4.dscp;
        transition accept;
    }
}

control Policer(inout headers_t hdr, inout metadata_t meta, in psa_ingress_input_metadata_t istd, inout psa_ingress_output_metadata_t ostd) {
    Meter<Customer>(1024, PSA_MeterType_t.BYTES) rates;
    Counter<bit<64>, Customer>(1024, PSA_CounterType_t.PACKETS_AND_BYTES) green;
    Counter<bit<64>, Customer>(1024, PSA_CounterType_t.PACKETS_AND_BYTES) yellow;
    Counter<bit<64>, Customer>(1024, PSA_CounterType_t.PACKETS_AND_BYTES) red;

    action drop() {
        ingress_drop(ostd);
    }

    action forward(PortId_t port, Customer customer) {
        meta.customer = customer;
        send_to_port(ostd, port);
    }

    /// Whom a packet is of, and where it goes.
    table customers {
        key = {
            istd.ingress_port: exact;
            hdr.ipv4.src: lpm;
        }
        actions = { forward; drop; }
        default_action = drop();
        size = 1024;
    }

    apply {
        if (istd.parser_error != error.NoError || !hdr.ipv4.isValid()) {
            drop();
            return;
        }
        if (customers.apply().miss) {
            return;
        }
        PSA_MeterColor_t before = PSA_MeterColor_t.GREEN;
        if (hdr.ipv4.dscp == AF12) {
            before = PSA_MeterColor_t.YELLOW;
        } else if (hdr.ipv4.dscp == AF13) {
            before = PSA_MeterColor_t.RED;
        }
        switch (rates.execute(meta.customer, before)) {
            PSA_MeterColor_t.GREEN: {
                green.count(meta.customer);
                hdr.ipv4.dscp = AF11;
            }
            PSA_MeterColor_t.YELLOW: {
                yellow.count(meta.customer);
                hdr.ipv4.dscp = AF12;
            }
            default: {
                red.count(meta.customer);
                drop();
            }
        }
    }
}

control PolicerDeparser(packet_out buffer, out empty_t cloned, out empty_t resubmitted, out empty_t normal, inout headers_t hdr, in metadata_t meta, in psa_ingress_output_metadata_t istd) {
    InternetChecksum() checksum;

    apply {
        if (hdr.ipv4.isValid()) {
            first_word_t before = { hdr.ipv4.version, hdr.ipv4.ihl, meta.dscpBefore, hdr.ipv4.ecn };
            first_word_t behind = { hdr.ipv4.version, hdr.ipv4.ihl, hdr.ipv4.dscp, hdr.ipv4.ecn };
            checksum.clear();
            checksum.subtract(hdr.ipv4.checksum);
            checksum.subtract(before);
            checksum.add(behind);
            hdr.ipv4.checksum = checksum.get();
        }
        buffer.emit(hdr);
    }
}

parser NoParser(packet_in buffer, out headers_t hdr, inout metadata_t meta, in psa_egress_parser_input_metadata_t istd, in empty_t normal, in empty_t fromIngress, in empty_t fromEgress) {
    state start {
        transition accept;
    }
}

control NoEgress(inout headers_t hdr, inout metadata_t meta, in psa_egress_input_metadata_t istd, inout psa_egress_output_metadata_t ostd) {
    apply {}
}

control NoDeparser(packet_out buffer, out empty_t cloned, out empty_t recirculated, inout headers_t hdr, in metadata_t meta, in psa_egress_output_metadata_t istd, in psa_egress_deparser_input_metadata_t edstd) {
    apply {}
}

IngressPipeline(PolicerParser(), Policer(), PolicerDeparser()) ingress;
EgressPipeline(NoParser(), NoEgress(), NoDeparser()) egress;

PSA_Switch(ingress, PacketReplicationEngine(), egress, BufferingQueueingEngine()) main;
