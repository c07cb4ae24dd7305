// P4-16 1.2.5, section 8.17: headers are valid or not; assignment takes that along, and two invalid headers are equal whatever is in
// them. `{#}` is the invalid header, and emit leaves it out.
#include <core.p4>
#include <ubpf_model.p4>

header h_t {
    bit<8> op;
    bit<8> result;
}

header x_t {
    bit<8> v;
}

struct headers_t {
    h_t h;
    x_t one;
    x_t two;
}
struct metadata_t {}

parser Read(packet_in packet, out headers_t hdr, inout metadata_t meta, inout standard_metadata std) {
    state start {
        packet.extract(hdr.h);
        packet.extract(hdr.one);
        transition accept;
    }
}

control Compute(inout headers_t hdr, inout metadata_t meta, inout standard_metadata std) {
    apply {
        switch (hdr.h.op) {
            1: {
                hdr.two.setValid();
                hdr.two.v = 0x22;
            }
            2: { hdr.one.setInvalid(); }
            3: { hdr.two = hdr.one; }
            4: { hdr.one = hdr.two; }
            5: {
                hdr.two = { 0x55 };
            }
            6: { hdr.one = {#}; }
            7: {
                // Equal: both are valid and have the same fields.
                x_t copy = hdr.one;
                hdr.h.result = (copy == hdr.one) ? 8w1 : 0;
            }
            8: {
                // Equal: neither is valid.
                hdr.one.setInvalid();
                hdr.h.result = (hdr.one == hdr.two) ? 8w1 : 0;
            }
            9: { hdr.h.result = (hdr.one == hdr.two) ? 8w1 : 2; }
            10: {
                hdr.h.result = (hdr.one == {#} || hdr.two != (x_t) {#}) ? 8w1 : 2;
            }
            11: {
                hdr.h.result = hdr.h.minSizeInBytes() * 16 + hdr.one.maxSizeInBits();
            }
            default: { hdr.h.setInvalid(); }
        }
    }
}

control Write(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr);
    }
}

ubpf(Read(), Compute(), Write()) main;
