// P4-16 1.2.5, section 8.8: numbers without a width have no end, and are divided with a remainder. Section 11.1: constants. Section
// 8.12.2: they take the width of what they are assigned to.
#include <core.p4>
#include <ubpf_model.p4>

header h_t {
    bit<8> quotient;
    bit<8> remainder;
    bit<32> large;
    bit<8> shifted;
    bit<8> negative;
    bit<8> wide;
}

struct headers_t { h_t h; }
struct metadata_t {}

const int COUNT = 100;
const int BITS = 9 - 2 * 3;
// More than any machine's word.
const int LARGE = 0x12_3456_789a_bcde_f012_3456_7890;
const bool IS_LARGE = LARGE > 1 << 64;
const bit<16> FROM_TRUTH = IS_LARGE ? 16w1 : 0;

parser Read(packet_in packet, out headers_t hdr, inout metadata_t meta, inout standard_metadata std) {
    state start {
        packet.extract(hdr.h);
        transition accept;
    }
}

control Compute(inout headers_t hdr, inout metadata_t meta, inout standard_metadata std) {
    apply {
        hdr.h.quotient = COUNT / 7;
        hdr.h.remainder = COUNT % 7;
        hdr.h.large = (LARGE >> 68) & 0xffffffff;
        hdr.h.shifted = 1 << BITS;
        hdr.h.negative = 256 - 3;
        hdr.h.wide = (bit<8>) (LARGE[103:96] & 0xff);
        if (BITS == 3 && COUNT > LARGE || FROM_TRUTH == 0) {
            // Never: it is known when the program is compiled.
            hdr.h.wide = 0xee;
        }
    }
}

control Write(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr.h);
    }
}

ubpf(Read(), Compute(), Write()) main;
