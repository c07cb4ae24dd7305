// P4-16 1.2.5, sections 6.9 and 6.10: names are resolved from the inside to the outside, and a leading dot means the outermost scope.
// Section 12.3: blocks are scopes; a variable lives from its declaration to the end of its block.
#include <core.p4>
#include <ubpf_model.p4>

header h_t {
    bit<8> inner;
    bit<8> outer;
    bit<8> block;
    bit<8> after;
    bit<8> global;
}

struct headers_t { h_t h; }
struct metadata_t {}

const bit<8> number = 1;

@noWarn("shadow")
bit<8> twice(in bit<8> number) {
    return number * 2;
}

parser Read(packet_in packet, out headers_t hdr, inout metadata_t meta, inout standard_metadata std) {
    state start {
        packet.extract(hdr.h);
        transition accept;
    }
}

@noWarn("shadow")
control Compute(inout headers_t hdr, inout metadata_t meta, inout standard_metadata std) {
    const bit<8> number = 2;

    apply {
        hdr.h.inner = number;
        hdr.h.outer = .number;
        {
            bit<8> number = 3;
            hdr.h.block = number;
            {
                bit<8> number = number + 4;
                hdr.h.block = hdr.h.block * 16 + number;
            }
        }
        hdr.h.after = number;
        hdr.h.global = .twice(number) + twice(number);
    }
}

control Write(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr.h);
    }
}

ubpf(Read(), Compute(), Write()) main;
