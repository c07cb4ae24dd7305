// P4-16 1.2.5, section 12.7: switch on what a table ran (12.7.1) and on a value (12.7.2); labels without a body go on to the next body.
#include <core.p4>
#include <v1model.p4>

enum bit<8> Kind {
    Red = 1,
    Green = 2
}

header h_t {
    bit<8> op;
    Kind kind;
    bit<8> ran;
    bit<8> value;
    bit<8> named;
}

struct headers_t { h_t h; }
struct metadata_t {}

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
    action one() {}

    action two() {}

    action three() {}

    table table_ {
        key = { hdr.h.op: exact; }
        actions = { one; two; three; @defaultonly NoAction; }
        const default_action = NoAction();
        const entries = {
            1: one();
            2: two();
            3: three();
        }
    }

    apply {
        std.egress_spec = 1;
        switch (table_.apply().action_run) {
            one: { hdr.h.ran = 0x11; }
            two:
            three: { hdr.h.ran = 0x23; }
            default: { hdr.h.ran = 0xdd; }
        }
        switch (hdr.h.op & 0x0f) {
            1: { hdr.h.value = 1; }
            5: { hdr.h.value = 5; }
            2:
            4:
            default: { hdr.h.value = 0xdf; }
        }
        // Without a label nothing happens.
        switch (hdr.h.kind) {
            Kind.Red: { hdr.h.named = 0xa; }
            Kind.Green: { hdr.h.named = 0xb; }
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
