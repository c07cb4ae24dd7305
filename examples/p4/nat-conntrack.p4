/*
 * A NAT in PNA: flows that begin at the host get a port of the outside address, and the table of flows fills itself when it misses.
 * Checksums of IPv4 and TCP are kept by difference (RFC 1624).
 */
#include <core.p4>
#include <pna.p4>

const bit<32> OUTSIDE_ADDRESS = 0xc0000201; // 192.0.2.1
const ExpireTimeProfileId_t SHORT = (ExpireTimeProfileId_t) 8w1;
const ExpireTimeProfileId_t LONG = (ExpireTimeProfileId_t) 8w2;

header ethernet_h {
    bit<48> dst;
    bit<48> src;
    bit<16> type;
}

header ipv4_h {
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

header tcp_h {
    bit<16> src;
    bit<16> dst;
    bit<64> numbers;
    bit<4> offset;
    bit<6> reserved;
    bit<1> urg;
    bit<1> ack;
    bit<1> psh;
    bit<1> rst;
    bit<1> syn;
    bit<1> fin;
    bit<16> window;
    bit<16> checksum;
    bit<16> urgent;
}

struct headers_t {
    ethernet_h ethernet;
    ipv4_h ipv4;
    tcp_h tcp;
}

/// One end of a flow.
struct end_t {
    bit<32> address;
    bit<16> port;
}

struct metadata_t {
    bit<16> outsidePort;
    bool isKnown;
}

struct learned_t {
    bit<16> port;
}

parser NatParser(packet_in pkt, out headers_t hdr, inout metadata_t meta, in pna_main_parser_input_metadata_t istd) {
    state start {
        pkt.extract(hdr.ethernet);
        transition select(hdr.ethernet.type) {
            0x0800: ipv4;
            default: accept;
        }
    }

    state ipv4 {
        pkt.extract(hdr.ipv4);
        transition select(hdr.ipv4.versionAndLength, hdr.ipv4.protocol) {
            (0x45, 6): tcp;
            (0x40 &&& 0xf0, _): accept;
            default: reject;
        }
    }

    state tcp {
        pkt.extract(hdr.tcp);
        transition accept;
    }
}

control NatPre(in headers_t hdr, inout metadata_t meta, in pna_pre_input_metadata_t istd, inout pna_pre_output_metadata_t ostd) {
    apply {}
}

control NatControl(inout headers_t hdr, inout metadata_t meta, in pna_main_input_metadata_t istd, inout pna_main_output_metadata_t ostd) {
    Register<bit<16>, bit<1>>(32w1, 16w1024) nextPort;
    DirectCounter<bit<64>>(PNA_CounterType_t.PACKETS_AND_BYTES) flowPackets;
    InternetChecksum() checksum;

    /// The checksums once another end stands in the headers.
    action change_checksums(end_t before, end_t behind) {
        checksum.clear();
        checksum.subtract(hdr.ipv4.checksum);
        checksum.subtract(before.address);
        checksum.add(behind.address);
        hdr.ipv4.checksum = checksum.get();
        checksum.clear();
        checksum.subtract(hdr.tcp.checksum);
        checksum.subtract(before);
        checksum.add(behind);
        hdr.tcp.checksum = checksum.get();
    }

    action translate(bit<16> port) {
        meta.outsidePort = port;
        meta.isKnown = true;
        flowPackets.count();
        if (hdr.tcp.fin == 1 || hdr.tcp.rst == 1) {
            set_entry_expire_time(SHORT);
        } else {
            restart_expire_timer();
        }
    }

    action open() {
        bit<16> port = nextPort.read(0);
        nextPort.write(0, port + 1);
        meta.outsidePort = port;
        learned_t learned;
        learned.port = port;
        meta.isKnown = add_entry(action_name = "translate", action_params = learned, expire_time_profile_id = LONG);
    }

    action miss() {
        drop_packet();
    }

    table flows {
        key = {
            SelectByDirection(istd.direction, hdr.ipv4.src, hdr.ipv4.dst): exact @name("peer");
            SelectByDirection(istd.direction, hdr.tcp.src, hdr.tcp.dst): exact @name("peer_port");
            hdr.tcp.src: exact;
        }
        actions = {
            @tableonly translate;
            @defaultonly open;
        }
        const default_action = open;
        add_on_miss = true;
        pna_idle_timeout = PNA_IdleTimeout_t.AUTO_DELETE;
        pna_direct_counter = flowPackets;
        size = 65536;
    }

    action to_host(PortId_t port, bit<32> address, bit<16> transport) {
        change_checksums({ hdr.ipv4.dst, hdr.tcp.dst }, { address, transport });
        hdr.ipv4.dst = address;
        hdr.tcp.dst = transport;
        send_to_port(port);
    }

    table inside {
        key = { hdr.tcp.dst: exact; }
        actions = { to_host; miss; }
        default_action = miss();
        size = 65536;
    }

    apply {
        if (!hdr.tcp.isValid()) {
            drop_packet();
        } else if (istd.direction == PNA_Direction_t.HOST_TO_NET) {
            flows.apply();
            change_checksums({ hdr.ipv4.src, hdr.tcp.src }, { OUTSIDE_ADDRESS, meta.outsidePort });
            hdr.ipv4.src = OUTSIDE_ADDRESS;
            hdr.tcp.src = meta.outsidePort;
            send_to_port((PortId_t) 32w0);
        } else {
            inside.apply();
        }
    }
}

control NatDeparser(packet_out pkt, in headers_t hdr, in metadata_t meta, in pna_main_output_metadata_t ostd) {
    apply {
        pkt.emit(hdr);
    }
}

PNA_NIC(NatParser(), NatPre(), NatControl(), NatDeparser()) main;
