// P4-16 1.2.5, section 8.12: explicit casts between numbers, truth values, enums, newtypes and structs; section 8.12.2: those that
// are made by themselves. Sections 7.2.8 and 8.23: types that `type` introduces. Section 7.1.1: truth values are no numbers.
#include <core.p4>
#include <ubpf_model.p4>

type bit<8> Port;
enum bit<8> Kind {
    Nine = 9
}

header h_t {
    bit<16> wide;
    bit<8> cut;
    bit<16> zeroes;
    int<16> sign;
    bit<1> truth;
    bit<1> isOne;
    bit<6> rest;
    Port port;
    Kind kind;
    bit<8> fields;
}

struct headers_t { h_t h; }
struct pair_t {
    bit<8> one;
    bit<8> other;
}
struct metadata_t {}

parser Read(packet_in packet, out headers_t hdr, inout metadata_t meta, inout standard_metadata std) {
    state start {
        packet.extract(hdr.h);
        transition accept;
    }
}

control Compute(inout headers_t hdr, inout metadata_t meta, inout standard_metadata std) {
    apply {
        hdr.h.cut = (bit<8>) hdr.h.wide;
        hdr.h.zeroes = (bit<16>) hdr.h.cut;
        // First the sign, then the width.
        hdr.h.sign = (int<16>) (int<8>) hdr.h.cut;
        hdr.h.truth = (bit<1>) (hdr.h.cut > 0x7f);
        hdr.h.isOne = (bool) hdr.h.wide[0:0] ? 1w1 : 0;
        Port port = (Port) hdr.h.cut;
        hdr.h.port = port == (Port) 0x81 ? (Port) 9 : port;
        hdr.h.kind = (Kind) (bit<8>) hdr.h.port;
        pair_t pair = (pair_t) { other = 4, one = 3 };
        hdr.h.fields = pair.one * 16 + pair.other;
    }
}

control Write(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr.h);
    }
}

ubpf(Read(), Compute(), Write()) main;
