// P4-16 1.2.5, sections 7.2.1 and 8.3: enums, with numbers and without; values that no member has. Sections 7.1.2 and 8.2: errors.
#include <core.p4>
#include <ubpf_model.p4>

enum bit<4> Colour {
    Red = 1,
    Green = 2,
    Lime = 2,
    Blue = Colour.Red + 3
}

enum Side {
    Left,
    Right
}

header h_t {
    Colour colour;
    bit<4> next;
    bit<8> number;
    bit<8> side;
    bit<8> comparisons;
}

struct headers_t { h_t h; }
struct metadata_t {}

bit<8> name(in Colour colour) {
    if (colour == Colour.Red) {
        return 0xaa;
    }
    if (colour == Colour.Green) {
        return 0xbb;
    }
    return colour == Colour.Blue ? 8w0xcc : 0xdd;
}

parser Read(packet_in packet, out headers_t hdr, inout metadata_t meta, inout standard_metadata std) {
    state start {
        packet.extract(hdr.h);
        transition accept;
    }
}

control Compute(inout headers_t hdr, inout metadata_t meta, inout standard_metadata std) {
    apply {
        hdr.h.next = (bit<4>) Colour.Blue;
        hdr.h.number = name(hdr.h.colour);
        Side side = hdr.h.colour == Colour.Red ? Side.Left : Side.Right;
        hdr.h.side = side == Side.Left ? 8w0x1 : 0xf;
        // A number is what a member is equal to; two members may have the same.
        bit<1> isLime = (bit<1>) (hdr.h.colour == Colour.Lime);
        bit<1> isLarge = (bit<1>) (hdr.h.colour > Colour.Green);
        error none = error.NoError;
        bit<1> isError = (bit<1>) (none != error.PacketTooShort);
        hdr.h.comparisons = 5w0 ++ isLime ++ isLarge ++ isError;
    }
}

control Write(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr.h);
    }
}

ubpf(Read(), Compute(), Write()) main;
