// P4-16 1.2.5, section 12.8: for with its three parts, for over a range and over a stack; break and continue, and loops in loops.
#include <core.p4>
#include <ubpf_model.p4>

header h_t {
    bit<8> n;
    bit<16> sum;
    bit<16> odd;
    bit<8> broken;
    bit<8> pairs;
    bit<8> none;
    bit<8> ofStack;
}

header x_t {
    bit<8> v;
}

struct headers_t {
    h_t h;
    x_t[3] stack;
}
struct metadata_t {}

parser Read(packet_in packet, out headers_t hdr, inout metadata_t meta, inout standard_metadata std) {
    state start {
        packet.extract(hdr.h);
        packet.extract(hdr.stack.next);
        packet.extract(hdr.stack.next);
        packet.extract(hdr.stack.next);
        transition accept;
    }
}

control Compute(inout headers_t hdr, inout metadata_t meta, inout standard_metadata std) {
    apply {
        bit<16> sum = 0;
        // The index has room for one more than the last number, or the loop would never end.
        for (bit<16> i = 1, bit<16> step = 1;
            i <= (bit<16>) hdr.h.n;
            i = i + 1, step = step + 1) {
            sum += step;
        }
        hdr.h.sum = sum;
        hdr.h.odd = 0;
        for (bit<16> i in 1 .. 9) {
            if ((i & 1) == 0) continue;
            hdr.h.odd += i;
        }
        for (bit<8> i in 0 .. hdr.h.n) {
            hdr.h.broken = i;
            if (i == 4) break;
        }
        for (bit<8> i in 1 .. 3) {
            for (bit<8> j in 1 .. 3) {
                // It leaves the inner loop only.
                if (j > i) break;
                hdr.h.pairs += 1;
            }
        }
        // A range that ends before it begins has nothing in it.
        for (bit<8> i in 5 .. 4) {
            hdr.h.none = i;
        }
        hdr.h.ofStack = 0;
        for (x_t x in hdr.stack) {
            hdr.h.ofStack = hdr.h.ofStack * 3 + x.v;
        }
    }
}

control Write(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr);
    }
}

ubpf(Read(), Compute(), Write()) main;
