// P4-16 1.2.5, chapter 20: names for the control plane (20.3.2), hidden tables (20.3.1), atomic blocks, notes of one's own, structured
// and not (20.1, 20.2), and a deprecated function that nobody calls.
#include <core.p4>
#include <v1model.p4>

@my_unit("octets")
header h_t {
    bit<8> a;
    @my_range[low = 1, high = 9]
    bit<8> b;
    bit<8> c;
}

struct headers_t { h_t h; }
struct metadata_t {}

@deprecated("Write hdr.h.a.")
@noWarn("unused")
bit<8> first(in h_t h) {
    return h.a;
}

@noWarn("unused")
@my_list[1, "two", true]
@my_tokens(any tokens + { may } stand(here))
const bit<8> UNUSED = 0;

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
    @name("put_it")
    action put(@name("the_value") bit<8> value) {
        hdr.h.b = value;
    }

    @name(".global_action")
    action global() {
        hdr.h.c = 0xcc;
    }

    action fixed() {
        hdr.h.c = 1;
    }

    @hidden
    table hidden {
        key = { hdr.h.a: exact @hidden; }
        actions = { @hidden fixed; NoAction; }
        const default_action = NoAction();
        const entries = {
            9: fixed();
        }
    }

    @brief("a table whose names are others")
    @name("renamed")
    table named {
        key = { hdr.h.a: exact @name("the_key"); }
        actions = { put; global; @defaultonly NoAction; }
        default_action = NoAction();
    }

    apply {
        std.egress_spec = 1;
        @atomic {
            hidden.apply();
        }
        named.apply();
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
