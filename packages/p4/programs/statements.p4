// P4-16 1.2.5, chapter 12: if (12.5), return (12.4), exit (12.6) and blocks; what exit leaves in an action of a table, in a control
// that a control applies, and what it copies out (6.8).
#include <core.p4>
#include <v1model.p4>

header h_t {
    bit<8> op;
    bit<8> trace;
    bit<8> inner;
}

struct headers_t { h_t h; }
struct metadata_t {}

control Inner(inout bit<8> value, in bit<8> op) {
    apply {
        value = 1;
        if (op == 5) {
            return;
        }
        value = 2;
        if (op == 6) {
            exit;
        }
        value = 3;
    }
}

parser Read(packet_in packet, out headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    state start {
        packet.extract(hdr.h);
        transition accept;
    }
}

control Nothing(inout headers_t hdr, inout metadata_t meta) {
    apply {}
}

control In(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    Inner() inner;

    action step(bit<8> by) {
        hdr.h.trace = hdr.h.trace + by;
        if (by == 0xf) {
            return;
        }
        hdr.h.trace = hdr.h.trace + 1;
    }

    action stop() {
        hdr.h.trace = 0xee;
        exit;
    }

    table steps {
        key = { hdr.h.op: exact; }
        actions = { step; stop; }
        default_action = step(0);
        const entries = {
            4: stop();
            7: step(0xf);
        }
    }

    apply {
        std.egress_spec = 1;
        hdr.h.trace = 1;
        switch (steps.apply().action_run) {
            step: { hdr.h.trace = hdr.h.trace * 2; }
            default: {}
        }
        if (hdr.h.op == 2) {
            return;
        } else if (hdr.h.op == 3) exit;
        else;
        inner.apply(hdr.h.inner, hdr.h.op);
        hdr.h.trace = hdr.h.trace + 0x40;
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
