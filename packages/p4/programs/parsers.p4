// P4-16 1.2.5, section 13.10: parsers in parsers, with instances and constructor parameters, and applied by their type; their errors
// end the outer one, too. Section 13.4: variables and instances of parsers; conditions in states (13.5).
#include <core.p4>
#include <ubpf_model.p4>

header h_t {
    bit<8> op;
    bit<8> sum;
}

header tlv_t {
    bit<4> type;
    bit<4> value;
}

struct headers_t {
    h_t h;
    tlv_t[4] first;
    tlv_t[4] second;
}
struct metadata_t { bit<8> sum; }

error {
    BadType
}

/// As many of them as are asked for, all of one type; their sum is added up.
parser Values(packet_in packet, inout tlv_t[4] values, in bit<8> count, inout bit<8> sum)(bit<4> type) {
    bit<8> left = count;

    state start {
        transition select(left) {
            0: accept;
            default: value;
        }
    }

    state value {
        packet.extract(values.next);
        if (values.last.type == type) {
            sum = sum + (bit<8>) values.last.value;
        } else {
            verify(false, error.BadType);
        }
        left = left - 1;
        transition start;
    }
}

parser OneMore(packet_in packet, inout bit<8> sum) {
    state start {
        sum = sum + packet.lookahead<bit<8>>();
        transition accept;
    }
}

parser Read(packet_in packet, out headers_t hdr, inout metadata_t meta, inout standard_metadata std) {
    Values(1) ones;
    Values(2) twos;
    bit<8> sum = 0;

    state start {
        packet.extract(hdr.h);
        ones.apply(packet, hdr.first, (bit<8>) hdr.h.op[7:4], sum);
        transition select(hdr.h.op[3:0]) {
            0: done;
            15: one_more;
            default: second;
        }
    }

    state second {
        twos.apply(packet, hdr.second, (bit<8>) hdr.h.op[3:0], sum);
        transition done;
    }

    state one_more {
        OneMore.apply(packet, sum);
        transition done;
    }

    state done {
        meta.sum = sum;
        transition accept;
    }
}

control Compute(inout headers_t hdr, inout metadata_t meta, inout standard_metadata std) {
    apply {
        hdr.h.sum = meta.sum;
    }
}

control Write(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr);
    }
}

ubpf(Read(), Compute(), Write()) main;
