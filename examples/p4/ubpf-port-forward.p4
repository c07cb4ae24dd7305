/*
 * Port forwarding for uBPF: connections to a port of this machine go to another address and port, answers come back from there, and
 * each sender may open so many connections in a second. Checksums are changed by difference, with the model's own functions.
 */
#include <core.p4>
#include <ubpf_model.p4>

const bit<16> TYPE_IPV4 = 0x0800;
const bit<8> PROTOCOL_TCP = 6;
const bit<48> SECOND_NS = 1000000000;
const bit<32> MOST_IN_A_SECOND = 3;

header ethernet_t {
    bit<48> dst;
    bit<48> src;
    bit<16> type;
}

header ipv4_t {
    bit<8> versionAndLength;
    bit<8> diffserv;
    bit<16> totalLength;
    bit<32> fragment;
    bit<8> ttl;
    bit<8> protocol;
    bit<16> checksum;
    bit<32> src;
    bit<32> dst;
}

header tcp_t {
    bit<16> src;
    bit<16> dst;
    bit<64> numbers;
    bit<14> offset;
    bit<1> syn;
    bit<1> fin;
    bit<16> window;
    bit<16> checksum;
    bit<16> urgent;
}

struct headers_t {
    ethernet_t ethernet;
    ipv4_t ipv4;
    tcp_t tcp;
}

struct metadata_t {}

parser Read(packet_in packet, out headers_t hdr, inout metadata_t meta, inout standard_metadata std) {
    state start {
        packet.extract(hdr.ethernet);
        transition select(hdr.ethernet.type) {
            TYPE_IPV4: ipv4;
            default: accept;
        }
    }

    state ipv4 {
        packet.extract(hdr.ipv4);
        transition select(hdr.ipv4.versionAndLength, hdr.ipv4.fragment, hdr.ipv4.protocol) {
            (0x45, 0 &&& 0x3fff, PROTOCOL_TCP): tcp;
            default: accept;
        }
    }

    state tcp {
        packet.extract(hdr.tcp);
        transition accept;
    }
}

control Forward(inout headers_t hdr, inout metadata_t meta, inout standard_metadata std) {
    Register<bit<32>, bit<32>>(65536) opened; // in the second that runs
    Register<bit<48>, bit<32>>(65536) secondBegan; // by senders

    action change_dst(bit<32> address, bit<16> port) {
        hdr.ipv4.checksum = csum_replace4(hdr.ipv4.checksum, hdr.ipv4.dst, address);
        hdr.tcp.checksum = csum_replace4(hdr.tcp.checksum, hdr.ipv4.dst, address);
        hdr.tcp.checksum = csum_replace2(hdr.tcp.checksum, hdr.tcp.dst, port);
        hdr.ipv4.dst = address;
        hdr.tcp.dst = port;
    }

    action change_src(bit<32> address, bit<16> port) {
        hdr.ipv4.checksum = csum_replace4(hdr.ipv4.checksum, hdr.ipv4.src, address);
        hdr.tcp.checksum = csum_replace4(hdr.tcp.checksum, hdr.ipv4.src, address);
        hdr.tcp.checksum = csum_replace2(hdr.tcp.checksum, hdr.tcp.src, port);
        hdr.ipv4.src = address;
        hdr.tcp.src = port;
    }

    action redirect(bit<32> outPort) {
        std.output_action = ubpf_action.REDIRECT;
        std.output_port = outPort;
    }

    action to_server(bit<32> address, bit<16> port, bit<32> outPort) {
        change_dst(address, port);
        redirect(outPort);
    }

    action from_server(bit<32> address, bit<16> port, bit<32> outPort) {
        change_src(address, port);
        redirect(outPort);
    }

    table forwards {
        key = {
            hdr.ipv4.dst: exact;
            hdr.tcp.dst: exact;
        }
        actions = { to_server; NoAction; }
        default_action = NoAction();
    }

    table answers {
        key = {
            hdr.ipv4.src: exact;
            hdr.tcp.src: exact;
        }
        actions = { from_server; NoAction; }
        default_action = NoAction();
    }

    apply {
        if (!hdr.tcp.isValid()) {
            return;
        }
        if (hdr.tcp.syn == 1) {
            bit<32> sender;
            hash(sender, HashAlgorithm.lookup3, { hdr.ipv4.src });
            sender = sender & 0xffff;
            bit<48> now = ubpf_time_get_ns();
            bit<32> count = opened.read(sender);
            if (now - secondBegan.read(sender) >= SECOND_NS) {
                secondBegan.write(sender, now);
                count = 0;
            }
            opened.write(sender, count + 1);
            if (count >= MOST_IN_A_SECOND) {
                mark_to_drop();
                return;
            }
        }
        if (forwards.apply().miss) {
            answers.apply();
        }
    }
}

control Write(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr.ethernet);
        packet.emit(hdr.ipv4);
        packet.emit(hdr.tcp);
    }
}

ubpf(Read(), Forward(), Write()) main;
