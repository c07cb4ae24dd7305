/*
 * An IPv4 and IPv6 router. A prefix leads to a next hop, or to a group of them, one of which is chosen by a hash of the flow (ECMP).
 * Packets whose time is over, and those for the router itself, go to the controller as they came, with the reason in front; what the
 * controller sends goes out of the port that it names (packet_in and packet_out, P4Runtime 1.5, section 6.4.6).
 */
#include <core.p4>
#include <v1model.p4>

#define TYPE_IPV4 0x0800
#define TYPE_IPV6 0x86dd
#define IS_TRANSPORT(protocol) ((protocol) == 6 || (protocol) == 17)

typedef bit<9> Port;
typedef bit<48> MacAddress;
type bit<16> NextHopId;

const Port CPU_PORT = 510;

/// Why a packet goes to the controller.
enum bit<8> Reason {
    None = 0,
    TimeExceeded = 1,
    Local = 2
}

@controller_header("packet_in")
header packet_in_t {
    Reason reason;
    Port ingressPort;
    bit<7> pad;
}

@controller_header("packet_out")
header packet_out_t {
    Port egressPort;
    bit<7> pad;
}

header ethernet_t {
    MacAddress dst;
    MacAddress src;
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

header ipv4_options_t {
    varbit<320> options;
}

header ipv6_t {
    bit<4> version;
    bit<8> trafficClass;
    bit<20> flowLabel;
    bit<16> payloadLength;
    bit<8> nextHeader;
    bit<8> hopLimit;
    bit<128> src;
    bit<128> dst;
}

header ports_t {
    bit<16> src;
    bit<16> dst;
}

struct headers_t {
    packet_in_t packet_in;
    packet_out_t packet_out;
    ethernet_t ethernet;
    ipv4_t ipv4;
    ipv4_options_t ipv4_options;
    ipv6_t ipv6;
    ports_t ports;
}

struct metadata_t {
    NextHopId nextHop;
    Reason reason;
}

error {
    BadVersion,
    BadHeaderLength
}

parser RouterParser(packet_in packet, out headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    state start {
        transition select(std.ingress_port) {
            CPU_PORT: from_controller;
            default: ethernet;
        }
    }

    state from_controller {
        packet.extract(hdr.packet_out);
        transition accept;
    }

    state ethernet {
        packet.extract(hdr.ethernet);
        transition select(hdr.ethernet.type) {
            TYPE_IPV4: parse_ipv4;
            TYPE_IPV6: parse_ipv6;
            default: accept;
        }
    }

    state parse_ipv4 {
        packet.extract(hdr.ipv4);
        verify(hdr.ipv4.version == 4w4, error.BadVersion);
        verify(hdr.ipv4.ihl >= 5, error.BadHeaderLength);
        transition select(hdr.ipv4.ihl, hdr.ipv4.fragmentOffset, hdr.ipv4.protocol) {
            (5, 0, 6): parse_ports;
            (5, 0, 17): parse_ports;
            (5, _, _): accept;
            (6 .. 15, _, _): parse_options;
        }
    }

    state parse_options {
        packet.extract(hdr.ipv4_options, (bit<32>) (((bit<16>) hdr.ipv4.ihl - 5) * 32));
        transition accept;
    }

    state parse_ipv6 {
        packet.extract(hdr.ipv6);
        verify(hdr.ipv6.version == 6, error.BadVersion);
        transition select(IS_TRANSPORT(hdr.ipv6.nextHeader)) {
            true: parse_ports;
            false: accept;
        }
    }

    state parse_ports {
        packet.extract(hdr.ports);
        transition accept;
    }
}

control VerifyIpv4(inout headers_t hdr, inout metadata_t meta) {
    apply {
        verify_checksum(hdr.ipv4.isValid() && !hdr.ipv4_options.isValid(),
            {
                hdr.ipv4.version, hdr.ipv4.ihl, hdr.ipv4.diffserv, hdr.ipv4.totalLength,
                hdr.ipv4.identification, hdr.ipv4.flags, hdr.ipv4.fragmentOffset, hdr.ipv4.ttl,
                hdr.ipv4.protocol, hdr.ipv4.src, hdr.ipv4.dst
            },
            hdr.ipv4.checksum, HashAlgorithm.csum16);
        verify_checksum(hdr.ipv4_options.isValid(),
            {
                hdr.ipv4.version, hdr.ipv4.ihl, hdr.ipv4.diffserv, hdr.ipv4.totalLength,
                hdr.ipv4.identification, hdr.ipv4.flags, hdr.ipv4.fragmentOffset, hdr.ipv4.ttl,
                hdr.ipv4.protocol, hdr.ipv4.src, hdr.ipv4.dst, hdr.ipv4_options.options
            },
            hdr.ipv4.checksum, HashAlgorithm.csum16);
    }
}

control RouterIngress(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    action_selector(HashAlgorithm.crc16, 1024, 14) ecmp;

    action drop() {
        mark_to_drop(std);
        exit;
    }

    action to_controller(Reason reason) {
        meta.reason = reason;
        hdr.packet_in = { reason, std.ingress_port, 0 };
        std.egress_spec = CPU_PORT;
    }

    action local() {
        to_controller(Reason.Local);
    }

    @name(".set_next_hop")
    action set_next_hop(NextHopId id) {
        meta.nextHop = id;
    }

    table ipv4_routes {
        key = {
            hdr.ipv4.dst: lpm;
            hdr.ipv4.src: selector;
            hdr.ipv4.protocol: selector;
            hdr.ports.src: selector;
            hdr.ports.dst: selector;
        }
        actions = { set_next_hop; local; drop; }
        implementation = ecmp;
        size = 65536;
    }

    table ipv6_routes {
        key = {
            hdr.ipv6.dst: lpm;
            hdr.ipv6.src: selector;
            hdr.ipv6.flowLabel: selector;
        }
        actions = { set_next_hop; local; drop; }
        implementation = ecmp;
        size = 65536;
    }

    action send(Port port, MacAddress src, MacAddress dst) {
        std.egress_spec = port;
        hdr.ethernet = { dst, src, hdr.ethernet.type };
    }

    table next_hops {
        key = { meta.nextHop: exact; }
        actions = { send; @defaultonly drop; }
        const default_action = drop();
        size = 4096;
    }

    apply {
        if (hdr.packet_out.isValid()) {
            std.egress_spec = hdr.packet_out.egressPort;
            hdr.packet_out.setInvalid();
            return;
        }
        if (std.parser_error != error.NoError || std.checksum_error == 1) {
            drop();
        }
        bool isRouted = false;
        if (hdr.ipv4.isValid()) {
            isRouted = ipv4_routes.apply().hit;
        } else if (hdr.ipv6.isValid()) {
            isRouted = ipv6_routes.apply().hit;
        }
        if (!isRouted) {
            drop();
        }
        if (meta.reason == Reason.Local) {
            return;
        }
        if (hdr.ipv4.isValid() && hdr.ipv4.ttl <= 1 || hdr.ipv6.isValid() && hdr.ipv6.hopLimit <= 1) {
            to_controller(Reason.TimeExceeded);
            return;
        }
        if (hdr.ipv4.isValid()) {
            hdr.ipv4.ttl = hdr.ipv4.ttl - 1;
        } else {
            hdr.ipv6.hopLimit = hdr.ipv6.hopLimit - 1;
        }
        next_hops.apply();
    }
}

control RouterEgress(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    counter(512, CounterType.packets_and_bytes) sent;

    apply {
        sent.count((bit<32>) std.egress_port);
    }
}

control UpdateIpv4(inout headers_t hdr, inout metadata_t meta) {
    apply {
        update_checksum(hdr.ipv4.isValid() && !hdr.ipv4_options.isValid(),
            {
                hdr.ipv4.version, hdr.ipv4.ihl, hdr.ipv4.diffserv, hdr.ipv4.totalLength,
                hdr.ipv4.identification, hdr.ipv4.flags, hdr.ipv4.fragmentOffset, hdr.ipv4.ttl,
                hdr.ipv4.protocol, hdr.ipv4.src, hdr.ipv4.dst
            },
            hdr.ipv4.checksum, HashAlgorithm.csum16);
        update_checksum(hdr.ipv4_options.isValid(),
            {
                hdr.ipv4.version, hdr.ipv4.ihl, hdr.ipv4.diffserv, hdr.ipv4.totalLength,
                hdr.ipv4.identification, hdr.ipv4.flags, hdr.ipv4.fragmentOffset, hdr.ipv4.ttl,
                hdr.ipv4.protocol, hdr.ipv4.src, hdr.ipv4.dst, hdr.ipv4_options.options
            },
            hdr.ipv4.checksum, HashAlgorithm.csum16);
    }
}

control RouterDeparser(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr);
    }
}

V1Switch(RouterParser(), VerifyIpv4(), RouterIngress(), RouterEgress(), UpdateIpv4(), RouterDeparser()) main;
