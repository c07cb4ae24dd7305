// A calculator in Ethernet frames: an operation, two operands, and the result sent back to who asked.
#include <core.p4>
#include <v1model.p4>

header ethernet_t {
    bit<48> dst;
    bit<48> src;
    bit<16> type;
}

header calculation_t {
    bit<8> magic;
    bit<8> operation;
    int<32> left;
    int<32> right;
    int<32> result;
}

struct headers_t {
    ethernet_t ethernet;
    calculation_t calculation;
}

struct metadata_t {}

bit<32> population(in bit<32> word) {
    bit<32> count = 0;
    for (bit<32> i in 0 .. 31) {
        if (((word >> i) & 1) == 0) continue;
        count += 1;
    }
    return count;
}

T either<T>(in bool first, in T one, in T other) {
    return first ? one : other;
}

parser CalculatorParser(packet_in packet, out headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    state start {
        packet.extract(hdr.ethernet);
        bit<8> magic = packet.lookahead<bit<8>>();
        transition select(hdr.ethernet.type, magic) {
            (0x1234, 0x50): calculation;
            default: reject;
        }
    }

    state calculation {
        packet.extract(hdr.calculation);
        transition accept;
    }
}

control Nothing(inout headers_t hdr, inout metadata_t meta) {
    apply {}
}

control CalculatorIngress(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    action answer(in int<32> result) {
        bit<48> asker = hdr.ethernet.src;
        hdr.calculation.result = result;
        hdr.ethernet.src = hdr.ethernet.dst;
        hdr.ethernet.dst = asker;
        std.egress_spec = std.ingress_port;
    }

    action add() { answer(hdr.calculation.left + hdr.calculation.right); }
    action add_saturated() { answer(hdr.calculation.left |+| hdr.calculation.right); }
    action subtract() { answer(hdr.calculation.left - hdr.calculation.right); }
    action subtract_saturated() { answer(hdr.calculation.left |-| hdr.calculation.right); }
    action multiply() { answer(hdr.calculation.left * hdr.calculation.right); }
    action bit_and() { answer(hdr.calculation.left & hdr.calculation.right); }
    action bit_or() { answer(hdr.calculation.left | hdr.calculation.right); }
    action bit_xor() { answer(hdr.calculation.left ^ hdr.calculation.right); }
    action negate() { answer(-hdr.calculation.left); }
    action shift_left() {
        answer(hdr.calculation.left << (bit<8>) (bit<32>) hdr.calculation.right);
    }
    action shift_right() {
        answer(hdr.calculation.left >> (bit<8>) (bit<32>) hdr.calculation.right);
    }
    action count_bits() {
        answer((int<32>) population((bit<32>) hdr.calculation.left));
    }
    action largest() {
        answer(either<int<32>>(hdr.calculation.left > hdr.calculation.right, hdr.calculation.left, hdr.calculation.right));
    }
    action refuse() { mark_to_drop(std); }

    table calculate {
        key = { hdr.calculation.operation: exact; }
        actions = {
            add;
            add_saturated;
            subtract;
            subtract_saturated;
            multiply;
            bit_and;
            bit_or;
            bit_xor;
            negate;
            shift_left;
            shift_right;
            count_bits;
            largest;
            refuse;
        }
        const default_action = refuse();
        const entries = {
            0x2b: add();
            0x2c: add_saturated();
            0x2d: subtract();
            0x2e: subtract_saturated();
            0x2a: multiply();
            0x26: bit_and();
            0x7c: bit_or();
            0x5e: bit_xor();
            0x7e: negate();
            0x3c: shift_left();
            0x3e: shift_right();
            0x23: count_bits();
            0x4d: largest();
        }
    }

    apply {
        if (hdr.calculation.isValid()) {
            calculate.apply();
        } else {
            refuse();
        }
    }
}

control CalculatorEgress(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    apply {}
}

control CalculatorDeparser(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr);
    }
}

V1Switch(CalculatorParser(), Nothing(), CalculatorIngress(), CalculatorEgress(), Nothing(), CalculatorDeparser()) main;
