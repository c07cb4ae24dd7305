// P4-16 1.2.5, sections 7.2.3, 8.18 and 13.9: stacks of headers; next, last and lastIndex in parsers; indexes that are known at run
// time; push_front and pop_front. One header too many is the parser's error StackOutOfBounds, so the packet is lost.
#include <core.p4>
#include <ubpf_model.p4>

header h_t {
    bit<8> op;
    bit<8> result;
}

header x_t {
    bit<1> isMore;
    bit<7> v;
}

struct headers_t {
    h_t h;
    x_t[3] stack;
}
struct metadata_t { bit<8> last; }

parser Read(packet_in packet, out headers_t hdr, inout metadata_t meta, inout standard_metadata std) {
    state start {
        packet.extract(hdr.h);
        transition element;
    }

    state element {
        packet.extract(hdr.stack.next);
        meta.last = (bit<8>) hdr.stack.lastIndex;
        transition select(hdr.stack.last.isMore) {
            1: element;
            0: accept;
        }
    }
}

control Compute(inout headers_t hdr, inout metadata_t meta, inout standard_metadata std) {
    apply {
        bit<8> last = meta.last;
        if (hdr.h.op == 1) {
            hdr.stack.push_front(1);
            hdr.stack[0] = { 0, 0x11 };
        } else if (hdr.h.op == 2) {
            hdr.stack.pop_front(1);
        } else if (hdr.h.op == 3) {
            // The first are invalid, the last fall out.
            hdr.stack.push_front(2);
        } else if (hdr.h.op == 4) {
            hdr.stack.pop_front(3);
        } else if (hdr.h.op == 5) {
            hdr.stack[last[1:0]].v = 0x77;
        } else if (hdr.h.op == 6) {
            x_t[3] copy = hdr.stack;
            hdr.stack[0].setInvalid();
            hdr.h.result = (bit<8>) (copy[0].isValid() ? hdr.stack.size : 32w9);
            return;
        } else if (hdr.h.op == 7) {
            // Beyond the stack there is nothing to write to.
            bit<2> beyond = 3 | last[1:0];
            hdr.stack[beyond].v = 0x55;
        }
        hdr.h.result = last;
    }
}

control Write(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr);
    }
}

ubpf(Read(), Compute(), Write()) main;
