/*
 * A router in the driver (XDP): what it has a route for leaves by another device at once; what it does not know, or what needs more than
 * a route, goes up to the kernel, which has the rest of a router. Packets of networks under attack are dropped before they cost anything.
 */
#include <core.p4>
#include <xdp_model.p4>

const bit<16> TYPE_IPV4 = 0x0800;
const bit<16> TYPE_IPV6 = 0x86dd;

header ethernet_t {
    bit<48> dst;
    bit<48> src;
    bit<16> type;
}

header ipv4_t {
    bit<4> version;
    bit<4> ihl;
    bit<8> diffserv;
    bit<16> totalLength;
    bit<16> identification;
    bit<3> flags;
    bit<13> fragmentOffset;
    bit<8> ttl;
    bit<8> protocol;
    bit<16> checksum;
    bit<32> src;
    bit<32> dst;
}

header ipv6_t {
    bit<4> version;
    bit<28> classAndLabel;
    bit<16> payloadLength;
    bit<8> nextHeader;
    bit<8> hopLimit;
    bit<128> src;
    bit<128> dst;
}

struct headers_t {
    ethernet_t ethernet;
    ipv4_t ipv4;
    ipv6_t ipv6;
}

parser Read(packet_in packet, out headers_t hdr) {
    state start {
        packet.extract(hdr.ethernet);
        transition select(hdr.ethernet.type) {
            TYPE_IPV4: ipv4;
            TYPE_IPV6: ipv6;
            default: accept;
        }
    }

    state ipv4 {
        packet.extract(hdr.ipv4);
        transition accept;
    }

    state ipv6 {
        packet.extract(hdr.ipv6);
        transition accept;
    }
}

control Route(inout headers_t hdr, in xdp_input input, out xdp_output output) {
    CounterArray(3, false) outcomes; // routed, to the kernel, dropped

    action to_kernel() {
        output.output_action = xdp_action.XDP_PASS;
    }

    action drop() {
        output.output_action = xdp_action.XDP_DROP;
    }

    /// Out of a device; a packet for the device it came from turns round in the driver.
    action send(bit<32> device, bit<48> src, bit<48> dst) {
        output.output_port = device;
        output.output_action = xdp_action.XDP_REDIRECT;
        if (device == input.input_port) {
            output.output_action = xdp_action.XDP_TX;
        }
        hdr.ethernet.src = src;
        hdr.ethernet.dst = dst;
    }

    table attackers {
        key = { hdr.ipv4.src: lpm; }
        actions = { drop; NoAction; }
        implementation = hash_table(65536);
        default_action = NoAction();
    }

    table ipv4_routes {
        key = { hdr.ipv4.dst: lpm; }
        actions = { send; to_kernel; }
        implementation = hash_table(1024);
        default_action = to_kernel();
    }

    table ipv6_routes {
        key = { hdr.ipv6.dst: lpm; }
        actions = { send; to_kernel; }
        implementation = hash_table(1024);
        default_action = to_kernel();
    }

    apply {
        output.output_port = 0;
        to_kernel();
        if (hdr.ipv4.isValid()) {
            switch (attackers.apply().action_run) {
                drop: {
                    outcomes.increment(2);
                    return;
                }
                default: {}
            }
            // Options, and times that are over, are the kernel's matter.
            if (hdr.ipv4.version == 4 && hdr.ipv4.ihl == 5 && hdr.ipv4.ttl > 1) {
                ipv4_routes.apply();
            }
            if (output.output_action != xdp_action.XDP_PASS) {
                bit<16> before = hdr.ipv4.ttl ++ hdr.ipv4.protocol;
                hdr.ipv4.ttl = hdr.ipv4.ttl - 1;
                hdr.ipv4.checksum = csum_replace2(hdr.ipv4.checksum, before, hdr.ipv4.ttl ++ hdr.ipv4.protocol);
            }
        } else if (hdr.ipv6.isValid() && hdr.ipv6.version == 6 && hdr.ipv6.hopLimit > 1) {
            ipv6_routes.apply();
            if (output.output_action != xdp_action.XDP_PASS) {
                hdr.ipv6.hopLimit = hdr.ipv6.hopLimit - 1;
            }
        }
        outcomes.increment(output.output_action == xdp_action.XDP_PASS ? 32w1 : 0);
    }
}

control Write(in headers_t hdr, packet_out packet) {
    apply {
        packet.emit(hdr.ethernet);
        packet.emit(hdr.ipv4);
        packet.emit(hdr.ipv6);
    }
}

xdp(Read(), Route(), Write()) main;
