// P4-16 1.2.5, section 6.8: arguments are copied in and copied out, from left to right, also when they are the same variable. Sections
// 6.7 (left values), 8.1 (order of evaluation), 8.20 (named and default arguments).
#include <core.p4>
#include <ubpf_model.p4>

header h_t {
    bit<8> a;
    bit<8> b;
    bit<8> c;
    bit<8> d;
}

header byte_t {
    bit<8> v;
}

struct headers_t {
    h_t h;
    byte_t[2] s;
}
struct metadata_t {}

void both(inout bit<8> one, inout bit<8> other) {
    one = one + 1;
    other = other + 10;
    // Nothing that the other parameter gets is seen here.
    one = one * 2;
}

bit<8> next(inout bit<8> counter) {
    counter = counter + 1;
    return counter;
}

bit<8> digits(in bit<8> high, in bit<8> low) {
    return high[3:0] ++ low[3:0];
}

void move(inout bit<1> index, out bit<8> value) {
    index = 1;
    value = 0x77;
}

bit<8> weighted(in bit<8> one, in bit<8> other = 5) {
    return one + (other << 1);
}

parser Read(packet_in packet, out headers_t hdr, inout metadata_t meta, inout standard_metadata std) {
    state start {
        packet.extract(hdr.h);
        packet.extract(hdr.s.next);
        packet.extract(hdr.s.next);
        transition accept;
    }
}

control Compute(inout headers_t hdr, inout metadata_t meta, inout standard_metadata std) {
    apply {
        // Both parameters begin as copies of the one variable; the second is copied out last.
        bit<8> x = hdr.h.a;
        both(x, x);
        hdr.h.b = x;
        // In what order arguments are evaluated shows in what they do.
        bit<8> counter = 1;
        hdr.h.c = digits(next(counter), next(counter));
        // The place of an out argument is found before the call, though the call changes the index.
        bit<1> index = 0;
        move(index, hdr.s[index].v);
        // Named arguments in any order, a default where none is given.
        hdr.h.d = weighted(other = 2, one = 1);
        hdr.h.d[7:4] = weighted(3)[3:0];
    }
}

control Write(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr);
    }
}

ubpf(Read(), Compute(), Write()) main;
