// P4-16 1.2.5, chapter 10: functions, also generic ones, with several results and several of one name. Section 12.4: return. Section
// 8.5.1: the conditional operator evaluates one of its parts only; && and || stop as soon as they can (8.5).
#include <core.p4>
#include <ubpf_model.p4>

header h_t {
    bit<8> a;
    bit<8> largest;
    bit<8> quotient;
    bit<8> rest;
    bit<8> calls;
    bit<8> overloaded;
}

struct headers_t { h_t h; }
struct metadata_t {}

T choose<T>(in bool isFirst, in T first, in T second) {
    return isFirst ? first : second;
}

/// A quotient by subtraction, as P4 divides constants only.
void divide(in bit<8> of, in bit<8> by, out bit<8> quotient, out bit<8> rest) {
    quotient = 0;
    rest = of;
    for (bit<8> i = 0; rest >= by; i = i + 1) {
        rest = rest - by;
        quotient = i + 1;
    }
}

bool counted(inout bit<8> calls) {
    calls = calls + 1;
    return true;
}

bit<8> once(inout bit<8> calls) {
    calls = calls + 0x10;
    return calls;
}

bit<8> size(in bit<8> one) {
    return 0x10 + (one >> 7);
}

bit<8> size(in bit<8> one, in bit<8> other) {
    if (one > 200) {
        return 2;
    }
    return other == 0 ? 8w3 : 1;
}

parser Read(packet_in packet, out headers_t hdr, inout metadata_t meta, inout standard_metadata std) {
    state start {
        packet.extract(hdr.h);
        transition accept;
    }
}

control Compute(inout headers_t hdr, inout metadata_t meta, inout standard_metadata std) {
    apply {
        hdr.h.largest = choose(hdr.h.a > 40, hdr.h.a, choose<bit<8>>(false, 9, 40));
        divide(hdr.h.a, 10, hdr.h.quotient, hdr.h.rest);
        bit<8> calls = 0;
        bool isTrue = hdr.h.a > 0 || counted(calls);
        isTrue = isTrue && counted(calls) && counted(calls);
        bit<8> one = isTrue ? once(calls) : once(calls) + once(calls);
        hdr.h.calls = calls;
        hdr.h.overloaded = size(hdr.h.a, one) + size(hdr.h.a);
    }
}

control Write(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr.h);
    }
}

ubpf(Read(), Compute(), Write()) main;
