// P4-16 1.2.5, sections 7.1.6.5 and 8.9: bit strings whose length is known at run time; section 13.8.2: how they are extracted. One
// that is longer than its type is the parser's error HeaderTooShort, so the packet is lost.
#include <core.p4>
#include <ubpf_model.p4>

header h_t {
    bit<8> bytes;
    bit<8> isEqual;
}

header data_t {
    varbit<32> data;
}

struct headers_t {
    h_t h;
    data_t one;
    data_t other;
}
struct metadata_t {}

parser Read(packet_in packet, out headers_t hdr, inout metadata_t meta, inout standard_metadata std) {
    state start {
        packet.extract(hdr.h);
        packet.extract(hdr.one, (bit<32>) hdr.h.bytes * 8);
        packet.extract(hdr.other, 16);
        transition accept;
    }
}

control Compute(inout headers_t hdr, inout metadata_t meta, inout standard_metadata std) {
    apply {
        data_t copy = hdr.one;
        hdr.h.isEqual = hdr.one.data == hdr.other.data ? 8w1 : 0;
        // They are assigned with their lengths.
        hdr.one.data = hdr.other.data;
        hdr.other = copy;
    }
}

control Write(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr);
    }
}

ubpf(Read(), Compute(), Write()) main;
