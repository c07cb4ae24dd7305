// P4-16 1.2.5, section 14.1: actions with data of the control plane and with parameters that have a direction, called by the program
// (14.1.1), from other actions, and as actions of tables with those arguments bound.
#include <core.p4>
#include <v1model.p4>

header h_t {
    bit<8> op;
    bit<8> a;
    bit<8> b;
    bit<8> c;
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
    bit<8> shared = 0;

    action add(in bit<8> one, in bit<8> other, out bit<8> sum) {
        sum = one + other;
        shared = sum;
    }

    action twice(inout bit<8> value) {
        bit<8> before = value;
        add(before, before, value);
    }

    /// The first two are bound where the table names the action, the last is the control plane's.
    action put(inout bit<8> target, in bit<8> base, bit<8> data) {
        target = target + base + data;
    }

    action unless_zero(bit<8> value) {
        if (value != 0) {
            hdr.h.a = value + shared;
        }
    }

    table table_ {
        key = { hdr.h.op: exact; }
        actions = {
            put(hdr.h.c, hdr.h.b);
            unless_zero;
            NoAction;
        }
        default_action = NoAction();
        entries = {
            1: put(3);
            2: unless_zero(0x40);
        }
    }

    apply {
        std.egress_spec = 1;
        bit<8> local = hdr.h.a;
        add(hdr.h.a, 1, hdr.h.b);
        table_.apply();
        twice(hdr.h.c);
        unless_zero(local);
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
