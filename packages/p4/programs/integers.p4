// P4-16 1.2.5, sections 8.6 and 8.7: unsigned and signed numbers of a width wrap around, or stop at their ends with |+| and |-|. Section
// 8.6.1 (concatenation), 8.6.2 (slices), 12.2 (assignments that compute).
#include <core.p4>
#include <ubpf_model.p4>

header h_t {
    bit<8> a;
    bit<8> b;
    bit<8> sum;
    bit<8> difference;
    bit<8> product;
    bit<8> sumAtMost;
    bit<8> differenceAtLeast;
    bit<8> bits;
    bit<8> shifts;
    int<8> signedSum;
    int<8> signedDifference;
    int<8> signedShift;
    bit<8> comparisons;
    bit<16> joined;
    bit<8> sliced;
    bit<8> computed;
    int<16> large;
}

struct headers_t { h_t h; }
struct metadata_t {}

parser Read(packet_in packet, out headers_t hdr, inout metadata_t meta, inout standard_metadata std) {
    state start {
        packet.extract(hdr.h);
        transition accept;
    }
}

control Compute(inout headers_t hdr, inout metadata_t meta, inout standard_metadata std) {
    apply {
        bit<8> beyond = 8 + (hdr.h.a & 0); // known only at run time
        bit<8> a = hdr.h.a;
        bit<8> b = hdr.h.b;
        int<8> x = (int<8>) a;
        int<8> y = (int<8>) b;
        hdr.h.sum = a + b;
        hdr.h.difference = a - b;
        hdr.h.product = a * b;
        hdr.h.sumAtMost = a |+| b;
        hdr.h.differenceAtLeast = a |-| b;
        hdr.h.bits = ((a & b) | ~b) ^ 0x0f;
        hdr.h.shifts = (a << 3) + (a >> 4) + (a << beyond) + (a >> (25 * beyond));
        hdr.h.signedSum = x |+| y;
        hdr.h.signedDifference = x |-| y;
        hdr.h.signedShift = x >> 2;
        bit<1> less = a < b ? 1w1 : 0;
        bit<1> signedLess = x < y ? 1w1 : 0;
        bit<1> isEqual = (bit<1>) (a == (bit<8>) x);
        bit<1> differs = (bit<1>) (a != b);
        hdr.h.comparisons = 4w0 ++ less ++ signedLess ++ isEqual ++ differs;
        hdr.h.joined = a ++ (bit<8>) y;
        hdr.h.sliced = a[7:4] ++ b[3:0];
        hdr.h.sliced[4:3] = 0b10;
        bit<8> z = a;
        z += b;
        z -= 1;
        z *= 3;
        z <<= 1;
        z >>= 2;
        z |= 0x80;
        z &= 0xf7;
        z ^= 0x01;
        z |+|= 0x70;
        hdr.h.computed = z;
        hdr.h.large = (int<16>) x * (int<16>) y;
    }
}

control Write(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr.h);
    }
}

ubpf(Read(), Compute(), Write()) main;
