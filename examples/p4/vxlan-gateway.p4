/*
 * A VXLAN gateway (RFC 7348): frames of access ports go through tunnels to other gateways, over IPv4 or IPv6, and come out of them.
 * Frames for everybody are copied for each tunnel of their network (head-end replication). The replication id of a copy is its tunnel,
 * and 0 is a port of this gateway.
 */
#include <core.p4>
#include <v1model.p4>

const bit<16> TYPE_IPV4 = 0x0800;
const bit<16> TYPE_IPV6 = 0x86dd;
const bit<8> PROTOCOL_UDP = 17;
const bit<16> VXLAN_PORT = 4789;
const bit<16> IPV4_BYTES = 20;
const bit<16> UDP_BYTES = 8;
const bit<16> VXLAN_BYTES = 8;

typedef bit<48> MacAddress;
typedef bit<24> Vni;
typedef bit<16> Tunnel;

const Tunnel NO_TUNNEL = 0;

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

header udp_t {
    bit<16> src;
    bit<16> dst;
    bit<16> length;
    bit<16> checksum;
}

header vxlan_t {
    bit<4> reserved1;
    bit<1> hasVni;
    bit<27> reserved2;
    Vni vni;
    bit<8> reserved3;
}

/// A frame's own Ethernet header, or all that is around a frame in a tunnel.
struct outer_t {
    ethernet_t ethernet;
    ipv4_t ipv4;
    ipv6_t ipv6;
    udp_t udp;
    vxlan_t vxlan;
}

struct headers_t {
    outer_t pushed; // what this gateway puts around a frame
    outer_t arrived;
    ethernet_t inner; // of a frame that arrived in a tunnel
}

struct metadata_t {
    Vni vni;
    Tunnel tunnel;
    bit<1> isFromTunnel;
}

parser GatewayParser(packet_in packet, out headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    state start {
        packet.extract(hdr.arrived.ethernet);
        transition select(hdr.arrived.ethernet.type) {
            TYPE_IPV4: ipv4;
            TYPE_IPV6: ipv6;
            default: accept;
        }
    }

    state ipv4 {
        packet.extract(hdr.arrived.ipv4);
        transition select(hdr.arrived.ipv4.ihl, hdr.arrived.ipv4.fragmentOffset, hdr.arrived.ipv4.protocol) {
            (5, 0, PROTOCOL_UDP): udp;
            default: accept;
        }
    }

    state ipv6 {
        packet.extract(hdr.arrived.ipv6);
        transition select(hdr.arrived.ipv6.nextHeader) {
            PROTOCOL_UDP: udp;
            default: accept;
        }
    }

    state udp {
        packet.extract(hdr.arrived.udp);
        transition select(hdr.arrived.udp.dst) {
            VXLAN_PORT: vxlan;
            default: accept;
        }
    }

    state vxlan {
        packet.extract(hdr.arrived.vxlan);
        packet.extract(hdr.inner);
        transition accept;
    }
}

control VerifyOuter(inout headers_t hdr, inout metadata_t meta) {
    apply {
        verify_checksum(hdr.inner.isValid() && hdr.arrived.ipv4.isValid(),
            {
                hdr.arrived.ipv4.version, hdr.arrived.ipv4.ihl, hdr.arrived.ipv4.diffserv,
                hdr.arrived.ipv4.totalLength, hdr.arrived.ipv4.identification, hdr.arrived.ipv4.flags,
                hdr.arrived.ipv4.fragmentOffset, hdr.arrived.ipv4.ttl, hdr.arrived.ipv4.protocol,
                hdr.arrived.ipv4.src, hdr.arrived.ipv4.dst
            },
            hdr.arrived.ipv4.checksum, HashAlgorithm.csum16);
    }
}

control GatewayIngress(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    direct_counter(CounterType.packets_and_bytes) accessed;

    action drop() {
        mark_to_drop(std);
    }

    /// The frame comes out of its tunnel.
    action decapsulate() {
        meta.vni = hdr.arrived.vxlan.vni;
        meta.isFromTunnel = 1;
        hdr.arrived.ipv4.setInvalid();
        hdr.arrived.ipv6.setInvalid();
        hdr.arrived.udp.setInvalid();
        hdr.arrived.vxlan.setInvalid();
        hdr.arrived.ethernet = hdr.inner;
        hdr.inner.setInvalid();
    }

    /// Addresses at which this gateway ends tunnels.
    table ends_ipv4 {
        key = { hdr.arrived.ipv4.dst: exact; }
        actions = { decapsulate; @defaultonly NoAction; }
        const default_action = NoAction();
        size = 64;
    }

    table ends_ipv6 {
        key = { hdr.arrived.ipv6.dst: exact; }
        actions = { decapsulate; @defaultonly NoAction; }
        const default_action = NoAction();
        size = 64;
    }

    action join(Vni vni) {
        meta.vni = vni;
        accessed.count();
    }

    /// The network of an access port.
    table access_ports {
        key = { std.ingress_port: exact; }
        actions = { join; @defaultonly drop; }
        const default_action = drop();
        counters = accessed;
        size = 512;
    }

    action local(bit<9> port) {
        std.egress_spec = port;
    }

    action remote(bit<9> port, Tunnel tunnel) {
        std.egress_spec = port;
        meta.tunnel = tunnel;
    }

    table stations {
        key = {
            meta.vni: exact;
            hdr.arrived.ethernet.dst: exact;
        }
        actions = { local; remote; NoAction; }
        default_action = NoAction();
        size = 65536;
    }

    action replicate(bit<16> group) {
        std.mcast_grp = group;
    }

    /// Broadcast, unknown unicast and multicast.
    table networks {
        key = { meta.vni: exact; }
        actions = { replicate; @defaultonly drop; }
        const default_action = drop();
        size = 4096;
    }

    apply {
        if (std.parser_error != error.NoError) {
            drop();
            return;
        }
        bool isForUs = false;
        if (hdr.inner.isValid()) {
            // A wrong header is nobody's, and without the I flag there is no network (RFC 7348, section 5).
            if (std.checksum_error == 1 || hdr.arrived.vxlan.hasVni == 0) {
                drop();
                return;
            }
            isForUs = hdr.arrived.ipv4.isValid() ? ends_ipv4.apply().hit : ends_ipv6.apply().hit;
        }
        if (!isForUs && access_ports.apply().miss) {
            return;
        }
        if (stations.apply().miss) {
            networks.apply();
        }
    }
}

control GatewayEgress(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    action drop() {
        mark_to_drop(std);
    }

    /// What is alike for both families; the source port tells flows apart, so that routers between can spread them.
    action push(MacAddress src, MacAddress dst, bit<16> type) {
        bit<16> frameBytes = (bit<16>) std.packet_length;
        bit<16> flow;
        hash(flow, HashAlgorithm.crc16, 16w0,
            { hdr.arrived.ethernet.dst, hdr.arrived.ethernet.src, hdr.arrived.ethernet.type }, 32w0x4000);
        hdr.pushed.ethernet = { dst, src, type };
        hdr.pushed.udp = { 0xc000 | flow, VXLAN_PORT, frameBytes + VXLAN_BYTES + UDP_BYTES, 0 };
        hdr.pushed.vxlan = { 0, 1, 0, meta.vni, 0 };
    }

    action push_ipv4(MacAddress src, MacAddress dst, bit<32> from, bit<32> to) {
        push(src, dst, TYPE_IPV4);
        hdr.pushed.ipv4 = {
            4, 5, 0, hdr.pushed.udp.length + IPV4_BYTES, 0, 0b010, 0, 64, PROTOCOL_UDP, 0, from, to
        };
    }

    action push_ipv6(MacAddress src, MacAddress dst, bit<128> from, bit<128> to) {
        push(src, dst, TYPE_IPV6);
        hdr.pushed.ipv6 = { 6, 0, 0, hdr.pushed.udp.length, PROTOCOL_UDP, 64, from, to };
    }

    table tunnels {
        key = { meta.tunnel: exact; }
        actions = { push_ipv4; push_ipv6; @defaultonly drop; }
        const default_action = drop();
        size = 1024;
    }

    apply {
        if (std.mcast_grp != 0) {
            meta.tunnel = std.egress_rid;
        }
        if (meta.tunnel == NO_TUNNEL) {
            if (std.mcast_grp != 0 && meta.isFromTunnel == 0 && std.egress_port == std.ingress_port) {
                drop();
            }
        } else if (meta.isFromTunnel == 1) {
            // All gateways have tunnels to all others: what came through one is there already.
            drop();
        } else {
            tunnels.apply();
        }
    }
}

control UpdateOuter(inout headers_t hdr, inout metadata_t meta) {
    apply {
        update_checksum(hdr.pushed.ipv4.isValid(),
            {
                hdr.pushed.ipv4.version, hdr.pushed.ipv4.ihl, hdr.pushed.ipv4.diffserv,
                hdr.pushed.ipv4.totalLength, hdr.pushed.ipv4.identification, hdr.pushed.ipv4.flags,
                hdr.pushed.ipv4.fragmentOffset, hdr.pushed.ipv4.ttl, hdr.pushed.ipv4.protocol,
                hdr.pushed.ipv4.src, hdr.pushed.ipv4.dst
            },
            hdr.pushed.ipv4.checksum, HashAlgorithm.csum16);
    }
}

control GatewayDeparser(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr);
    }
}

V1Switch(GatewayParser(), VerifyOuter(), GatewayIngress(), GatewayEgress(), UpdateOuter(), GatewayDeparser()) main;
