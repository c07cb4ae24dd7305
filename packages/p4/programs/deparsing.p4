// P4-16 1.2.5, chapter 16: emit of headers, structs, stacks and unions; what is invalid is left out; a deparser may decide, and calls
// controls of its own. Section 16.2: emit twice writes twice.
#include <core.p4>
#include <ubpf_model.p4>

header h_t {
    bit<8> op;
}

header x_t {
    bit<8> v;
}

header wide_t {
    bit<3> one;
    bit<10> two;
    bit<3> three;
}

header_union u_t {
    x_t x;
    wide_t wide;
}

struct nested_t {
    x_t x;
    wide_t wide;
}

struct headers_t {
    h_t h;
    nested_t nested;
    x_t[3] stack;
    u_t u;
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
        hdr.nested.wide = { 5, 0x155, 2 };
        hdr.stack[0] = { 0xa0 };
        hdr.stack[2] = { 0xa2 };
        hdr.u.wide = { 7, 0, 7 };
        if (hdr.h.op == 2) {
            hdr.nested.wide.setInvalid();
            hdr.stack[0].setInvalid();
            hdr.u.x = { 0x99 };
        }
    }
}

control WriteRest(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr.stack);
        packet.emit(hdr.u);
    }
}

control Write(packet_out packet, in headers_t hdr) {
    WriteRest() rest;

    apply {
        packet.emit(hdr.h);
        packet.emit(hdr.nested);
        rest.apply(packet, hdr);
        if (hdr.h.op == 3) {
            packet.emit(hdr.h);
            packet.emit<x_t>({ 0xee });
        }
    }
}

ubpf(Read(), Compute(), Write()) main;
