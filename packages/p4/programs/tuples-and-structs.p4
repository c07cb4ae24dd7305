// P4-16 1.2.5, sections 7.2.5 and 8.16: structs and expressions that make them; 7.2.6 and 8.13: tuples, and their parts by number;
// 8.14: lists; 7.2.11: generic structs; 7.3 and 8.26: default values, all of them or those that `...` leaves out.
#include <core.p4>
#include <ubpf_model.p4>

header h_t {
    bit<8> a;
    bit<8> b;
    bit<8> c;
    bit<8> d;
    bit<8> e;
}

struct headers_t { h_t h; }

struct swapped_t<A, B> {
    A first;
    B second;
}

struct inner_t {
    bit<8> first;
    bit<8> second;
}

struct nested_t {
    inner_t one;
    bit<8> other;
}
struct metadata_t {}

swapped_t<B, A> swap<A, B>(in swapped_t<A, B> pair) {
    return { pair.second, pair.first };
}

parser Read(packet_in packet, out headers_t hdr, inout metadata_t meta, inout standard_metadata std) {
    state start {
        packet.extract(hdr.h);
        transition accept;
    }
}

control Compute(inout headers_t hdr, inout metadata_t meta, inout standard_metadata std) {
    apply {
        tuple<bit<8>, bool> pair = { hdr.h.a, true };
        hdr.h.b = pair[0] + (pair[1] ? 8w1 : 0);
        // A tuple is assigned as a whole; its parts are no left values.
        pair = { 9, pair[1] };
        bit<1> isSame = (bit<1>) (pair == { 9, true });
        nested_t nested = { one = { hdr.h.a, 2 }, other = 3 };
        nested_t copy = nested;
        copy.one.second = 7;
        // A copy is another struct.
        hdr.h.c = nested.one.second[3:0] ++ copy.one.second[3:0];
        bit<1> differs = (bit<1>) (copy != nested);
        nested_t defaults = { other = 5, ... };
        nested_t nothing = ...;
        hdr.h.d = defaults.one.first + defaults.other + nothing.other;
        swapped_t<bit<4>, bit<8>> generic = swap((swapped_t<bit<8>, bit<4>>) { first = 0xab, second = 4w0xc });
        hdr.h.e = generic.first ++ generic.second[7:4];
        hdr.h.a = 6w0 ++ isSame ++ differs;
    }
}

control Write(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr.h);
    }
}

ubpf(Read(), Compute(), Write()) main;
