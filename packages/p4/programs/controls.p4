// P4-16 1.2.5, section 14.3: controls in controls, each instance with tables of its own; chapter 15: constructor parameters, and
// controls applied by their type (15.1); section 7.2.12 and 8.21: blocks as types and constructor calls; section 11.3: instances.
#include <core.p4>
#include <v1model.p4>

header h_t {
    bit<8> a;
    bit<8> first;
    bit<8> second;
    bit<8> typed;
    bit<8> typedAgain;
}

struct headers_t { h_t h; }
struct metadata_t {}

control Doubled(inout bit<8> value)(bit<8> times) {
    apply {
        value = value << times;
    }
}

/// A table and, at the end, a control that it was made with.
control Lookup(in bit<8> key, inout bit<8> value)(bit<8> base, Doubled last) {
    action use(bit<8> data) {
        value = base + data;
    }

    table entries_ {
        key = { key: exact; }
        actions = { use; }
        default_action = use(0);
    }

    apply {
        entries_.apply();
        last.apply(value);
    }
}

/// Each place that applies the type has an instance, and so a register of its own.
control Counting(out bit<8> count) {
    register<bit<8>>(1) counts;

    apply {
        counts.read(count, 0);
        count = count + 1;
        counts.write(0, count);
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
    Lookup(0x10, Doubled(1)) first;
    @name("other")
    Lookup(0x20, Doubled(2)) second;

    apply {
        std.egress_spec = 1;
        first.apply(hdr.h.a, hdr.h.first);
        second.apply(hdr.h.a, hdr.h.second);
        Counting.apply(hdr.h.typed);
        Counting.apply(hdr.h.typedAgain);
        Counting.apply(hdr.h.typedAgain);
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
