// P4-16 1.2.5, sections 7.2.4 and 8.19: of a union of headers at most one is valid, and what makes one valid makes the others invalid.
#include <core.p4>
#include <ubpf_model.p4>

header h_t {
    bit<8> op;
    bit<8> result;
}

header short_t {
    bit<8> v;
}

header long_t {
    bit<16> v;
}

header_union either_t {
    short_t brief;
    long_t long;
}

struct headers_t {
    h_t h;
    either_t either;
    either_t[2] more;
}
struct metadata_t {}

parser Read(packet_in packet, out headers_t hdr, inout metadata_t meta, inout standard_metadata std) {
    state start {
        packet.extract(hdr.h);
        transition select(packet.lookahead<bit<8>>()) {
            0 .. 0x7f: brief;
            default: long;
        }
    }

    state brief {
        packet.extract(hdr.either.brief);
        transition accept;
    }

    state long {
        packet.extract(hdr.either.long);
        transition accept;
    }
}

control Compute(inout headers_t hdr, inout metadata_t meta, inout standard_metadata std) {
    apply {
        if (hdr.h.op == 1) {
            hdr.either.long.setValid();
            hdr.either.long.v = 0x2222;
        } else if (hdr.h.op == 2) {
            hdr.either.brief = { 0x33 };
        } else if (hdr.h.op == 3) {
            hdr.either.long.setInvalid();
        } else if (hdr.h.op == 4) {
            hdr.more[1] = hdr.either;
        } else if (hdr.h.op == 5) {
            // An invalid header makes the member it is assigned to invalid.
            long_t nothing = {#};
            hdr.either.long = nothing;
        }
        bit<1> isBrief = (bit<1>) hdr.either.brief.isValid();
        bit<1> isLong = (bit<1>) hdr.either.long.isValid();
        bit<1> isAny = (bit<1>) hdr.either.isValid();
        hdr.h.result = 5w0 ++ isBrief ++ isLong ++ isAny;
    }
}

control Write(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr);
    }
}

ubpf(Read(), Compute(), Write()) main;
