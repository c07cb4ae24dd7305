// P4-16 1.2.5, section 6.2: the preprocessor. Sections 6.4 and 6.4.3: names, comments and all forms of literals.
#include <core.p4>
#include <ubpf_model.p4>

#define ADD(one, other) ((one) + (other))
#define TWICE(of) ADD(of, of)
#define FIELD(name, width) bit<width> name##_value
#define LONG \
    40 + \
    2
#undef MISSING
#ifndef MISSING
#define FIRST 1
#else
#define FIRST 9
#endif
#if defined(FIRST) && FIRST == 1
#define SECOND 2
#elif FIRST == 9
#error "cannot be"
#endif
#if UBPF_MODEL_VERSION >= 20200515
#define THIRD 3
#endif

/* A comment
   of two lines */ header h_t {
    FIELD(a, 8);
    FIELD(b, 8);
    bit<8> macro;
    bit<8> condition;
    bit<32> literals;
    int<8> negative;
    bit<8> _odd_Name2;
}

struct headers_t { h_t h; }
struct metadata_t {}

parser Read(packet_in packet, out headers_t hdr, inout metadata_t meta, inout standard_metadata std) {
    state start {
        packet.extract(hdr.h);
        transition accept;
    }
}

control Compute(inout headers_t hdr, inout metadata_t meta, inout standard_metadata std) {
    apply {
        hdr.h.macro = TWICE(hdr.h.a_value) + hdr.h.b_value; // not `hdr.h.b_value * 2`
        hdr.h.condition = (bit<2>) FIRST ++ (bit<2>) SECOND ++ (bit<4>) THIRD;
        // Decimal, hexadecimal, octal, binary; with a width and without; with underscores anywhere behind the first digit.
        hdr.h.literals = 32w0xdead_0000 + 0b1000_0001 + 0o17 + 0X1_00 + 10__00 + LONG;
        hdr.h.negative = -8s1 - 8s0b111;
        hdr.h._odd_Name2 = 8w255;
    }
}

control Write(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr.h);
    }
}

ubpf(Read(), Compute(), Write()) main;
