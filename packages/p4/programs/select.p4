// P4-16 1.2.5, section 13.6: select on several values, with masks, ranges, sets of everything, enums and truth values (8.15); the
// first label that fits is taken. Where none fits the parser ends with the error NoMatch. Section 13.7: verify.
#include <core.p4>
#include <v1model.p4>

enum bit<8> Kind {
    Small = 1,
    Large = 2
}

header h_t {
    bit<8> op;
    Kind kind;
    bit<8> taken;
    bit<8> problem;
}

error {
    NotAllowed
}

struct headers_t { h_t h; }
struct metadata_t { bit<8> taken; }

parser Read(packet_in packet, out headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    @noWarn("missing")
    state start {
        packet.extract(hdr.h);
        meta.taken = 0x80;
        transition select(hdr.h.op, hdr.h.kind, hdr.h.op == 0xff) {
            (1, Kind.Small, _): exact;
            (0x10 &&& 0xf0, _, _): masked;
            (0x20 .. 0x2f, Kind.Large, false): range;
            (0x2f, _, _): later;
            (_, _, true): truth;
            (0x30, _, _): verified;
            (0x40, _, _): reject;
            (0 .. 9, _, _): accept;
        }
    }

    state exact {
        meta.taken = 1;
        transition accept;
    }

    state masked {
        meta.taken = 2;
        transition accept;
    }

    state range {
        meta.taken = 3;
        transition accept;
    }

    state later {
        meta.taken = 4;
        transition accept;
    }

    state truth {
        meta.taken = 5;
        transition accept;
    }

    state verified {
        meta.taken = 6;
        verify(hdr.h.kind == Kind.Large, error.NotAllowed);
        // What follows a verify that fails is not done.
        meta.taken = 7;
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
        if (std.parser_error == error.NoMatch) {
            hdr.h.problem = 0x11;
        } else if (std.parser_error == error.NotAllowed) {
            hdr.h.problem = 0x22;
        } else if (std.parser_error != error.NoError) {
            hdr.h.problem = 0x33;
        }
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
