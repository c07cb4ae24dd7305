// P4-16 1.2.5, section 13.8: extract, also into nothing (13.8.1), lookahead at headers, structs and bits (13.8.3), advance over bits
// that are no whole bytes (13.8.4), length. A packet that ends too early is the parser's error PacketTooShort, and lost here.
#include <core.p4>
#include <ubpf_model.p4>

header h_t {
    bit<8> op;
    bit<8> result;
    bit<8> bytes;
}

header x_t {
    bit<4> high;
    bit<12> low;
}

struct headers_t {
    h_t h;
    x_t x;
}

struct two_t {
    bit<4> one;
    bit<8> other;
}
struct metadata_t {
    bit<8> found;
    bit<8> bytes;
}

parser Read(packet_in packet, out headers_t hdr, inout metadata_t meta, inout standard_metadata std) {
    state start {
        packet.extract(hdr.h);
        meta.bytes = (bit<8>) packet.length();
        transition select(hdr.h.op) {
            1: look_at_bits;
            2: look_at_header;
            3: look_at_struct;
            4: skip_bits;
            5: skip_header;
            6: look_too_far;
            default: accept;
        }
    }

    state look_at_bits {
        meta.found = packet.lookahead<bit<16>>()[11:4];
        transition accept;
    }

    state look_at_header {
        x_t x = packet.lookahead<x_t>();
        meta.found = x.low[7:0] + (bit<8>) x.high;
        packet.extract(hdr.x);
        transition accept;
    }

    state look_at_struct {
        two_t two = packet.lookahead<two_t>();
        meta.found = two.other + (bit<8>) two.one;
        transition accept;
    }

    state skip_bits {
        bit<32> bits = (bit<32>) packet.lookahead<bit<8>>();
        packet.advance(bits);
        meta.found = packet.lookahead<bit<8>>();
        packet.advance(8 - (bits & 7));
        transition accept;
    }

    state skip_header {
        packet.extract<x_t>(_);
        meta.found = packet.lookahead<bit<8>>();
        transition accept;
    }

    state look_too_far {
        meta.found = packet.lookahead<bit<24>>()[7:0];
        transition accept;
    }
}

control Compute(inout headers_t hdr, inout metadata_t meta, inout standard_metadata std) {
    apply {
        hdr.h.result = meta.found;
        hdr.h.bytes = meta.bytes;
    }
}

control Write(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr);
    }
}

ubpf(Read(), Compute(), Write()) main;
