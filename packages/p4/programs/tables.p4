// P4-16 1.2.5, section 14.2: tables with keys of all kinds (14.2.1.1), entries of the program with priorities (14.2.1.4), default
// actions (14.2.1.3), and what apply tells (14.2.2). Keys are computed once, when the table is applied.
#include <core.p4>
#include <v1model.p4>

header h_t {
    bit<8> table_;
    bit<8> a;
    bit<16> b;
    bit<8> entry;
    bit<8> hit;
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
    action use(bit<8> entry) {
        hdr.h.entry = entry;
    }

    table exact_ {
        key = {
            hdr.h.a + 1: exact @name("next");
            hdr.h.b[15:8]: exact @name("high");
        }
        actions = { use; @defaultonly NoAction; }
        entries = {
            (2, 0xbb): use(1);
        }
        // There is room for one more.
        default_action = NoAction();
        size = 2;
    }

    table lpm_ {
        key = { hdr.h.b: lpm; }
        actions = { use; }
        default_action = use(0xdd);
        entries = {
            0x1200 &&& 0xff00: use(8);
            0x1230 &&& 0xfff0: use(12);
            _: use(0xa);
        }
    }

    @noWarn("entries_out_of_priority_order")
    table ternary_ {
        key = { hdr.h.a: ternary; hdr.h.b: ternary; }
        actions = { use; }
        default_action = use(0xdd);
        entries = {
            priority = 5: (0x10 &&& 0xf0, _): use(5);
            priority = 9: (_, 0x0001): use(9);
            // Without one an entry follows the one before: 8.
            (0x11, _): use(8);
        }
    }

    table range_ {
        key = { hdr.h.a: range; }
        actions = { use; }
        default_action = use(0xdd);
        const entries = {
            10 .. 20: use(1);
            15 .. 30: use(2);
            40: use(3);
        }
    }

    table optional_ {
        key = { hdr.h.a: optional; hdr.h.b: optional; }
        actions = { use; }
        default_action = use(0xdd);
    }

    table keyless {
        actions = { use; NoAction; }
        default_action = use(0x66);
    }

    table mixed {
        key = {
            hdr.h.isValid(): exact;
            hdr.h.a: lpm;
            hdr.h.b: ternary;
        }
        actions = { use; }
        default_action = use(0xdd);
    }

    apply {
        std.egress_spec = 1;
        bool isHit = false;
        if (hdr.h.table_ == 1) {
            isHit = exact_.apply().hit;
        } else if (hdr.h.table_ == 2) {
            isHit = lpm_.apply().hit;
        } else if (hdr.h.table_ == 3) {
            isHit = ternary_.apply().hit;
        } else if (hdr.h.table_ == 4) {
            isHit = range_.apply().hit;
        } else if (hdr.h.table_ == 5) {
            isHit = !optional_.apply().miss;
        } else if (hdr.h.table_ == 6) {
            isHit = keyless.apply().hit;
        } else if (hdr.h.table_ == 7) {
            isHit = mixed.apply().hit;
        }
        hdr.h.hit = isHit ? 8w1 : 0;
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
