// P4-16 1.2.5, section 13.11: value sets are filled by the control plane; an empty one fits nothing.
#include <core.p4>
#include <v1model.p4>

header h_t {
    bit<8> op;
    bit<8> taken;
}

struct headers_t { h_t h; }
struct metadata_t { bit<8> taken; }

parser Read(packet_in packet, out headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    value_set<bit<8>>(4) special;

    state start {
        packet.extract(hdr.h);
        transition select(hdr.h.op) {
            special: first;
            1: second;
            default: accept;
        }
    }

    state first {
        meta.taken = 1;
        transition accept;
    }

    state second {
        meta.taken = 2;
        transition accept;
    }
}

control Nothing(inout headers_t hdr, inout metadata_t meta) {
    apply {}
}

control In(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    apply {
        std.egress_spec = 1;
        hdr.h.taken = meta.taken;
    }
}

control Out(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    apply {}
}

control Write(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr);
    }
}

V1Switch(Read(), Nothing(), In(), Out(), Nothing(), Write()) main;
