/*
 * A load balancer in PNA that follows connections. The first packet of a connection to a service picks a server by a hash; the table of
 * connections keeps that choice by adding an entry when it misses, so a connection stays where it is when servers come and go. Entries
 * expire: soon after a connection ends, later while it is open.
 */
#include <core.p4>
#include <pna.p4>

const bit<16> TYPE_IPV4 = 0x0800;
const bit<8> PROTOCOL_TCP = 6;
const bit<8> PROTOCOL_UDP = 17;
// Profiles that the control plane gives times to.
const ExpireTimeProfileId_t CLOSING = (ExpireTimeProfileId_t) 8w0;
const ExpireTimeProfileId_t OPENING = (ExpireTimeProfileId_t) 8w1;
const ExpireTimeProfileId_t ESTABLISHED = (ExpireTimeProfileId_t) 8w2;

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

header ports_t {
    bit<16> src;
    bit<16> dst;
}

header tcp_rest_t {
    bit<32> sequence;
    bit<32> acknowledged;
    bit<4> offset;
    bit<9> flags;
    bit<1> rst;
    bit<1> syn;
    bit<1> fin;
    bit<16> window;
    bit<16> checksum;
    bit<16> urgent;
}

header udp_rest_t {
    bit<16> length;
    bit<16> checksum;
}

struct headers_t {
    ethernet_t ethernet;
    ipv4_t ipv4;
    ports_t ports;
    tcp_rest_t tcp;
    udp_rest_t udp;
}

/// Where a connection goes.
struct server_t {
    bit<32> address;
    bit<16> port;
}

struct metadata_t {
    server_t server;
    bit<16> service;
    bit<16> slot;
    bool isChosen;
}

parser BalancerParser(packet_in pkt, out headers_t hdr, inout metadata_t meta, in pna_main_parser_input_metadata_t istd) {
    state start {
        pkt.extract(hdr.ethernet);
        transition select(hdr.ethernet.type) {
            TYPE_IPV4: ipv4;
            default: accept;
        }
    }

    state ipv4 {
        pkt.extract(hdr.ipv4);
        transition select(hdr.ipv4.ihl, hdr.ipv4.flags, hdr.ipv4.fragmentOffset, hdr.ipv4.protocol) {
            (5, 0 &&& 1, 0, PROTOCOL_TCP): tcp;
            (5, 0 &&& 1, 0, PROTOCOL_UDP): udp;
            default: accept;
        }
    }

    state tcp {
        pkt.extract(hdr.ports);
        pkt.extract(hdr.tcp);
        transition accept;
    }

    state udp {
        pkt.extract(hdr.ports);
        pkt.extract(hdr.udp);
        transition accept;
    }
}

control BalancerPre(in headers_t hdr, inout metadata_t meta, in pna_pre_input_metadata_t istd, inout pna_pre_output_metadata_t ostd) {
    apply {}
}

control Balancer(inout headers_t hdr, inout metadata_t meta, in pna_main_input_metadata_t istd, inout pna_main_output_metadata_t ostd) {
    Hash<bit<16>>(PNA_HashAlgorithm_t.TARGET_DEFAULT) flowHash;
    InternetChecksum() checksum;
    DirectCounter<bit<64>>(PNA_CounterType_t.PACKETS) followed;
    Counter<bit<64>, bit<16>>(1024, PNA_CounterType_t.PACKETS) opened;

    /// A service: its servers fill `slots` slots (a power of two is not needed).
    action choose(bit<16> service, bit<16> slots) {
        meta.service = service;
        meta.slot = flowHash.get_hash(16w0,
            { hdr.ipv4.src, hdr.ipv4.dst, hdr.ports.src, hdr.ports.dst, hdr.ipv4.protocol }, slots);
    }

    table services {
        key = {
            hdr.ipv4.dst: exact;
            hdr.ipv4.protocol: exact;
            hdr.ports.dst: exact @name("port");
        }
        actions = { choose; @defaultonly NoAction; }
        const default_action = NoAction();
        size = 1024;
    }

    action serve(bit<32> address, bit<16> port) {
        meta.server = { address, port };
        meta.isChosen = true;
    }

    /// The servers of the services, by slots.
    table servers {
        key = {
            meta.service: exact;
            meta.slot: exact;
        }
        actions = { serve; @defaultonly NoAction; }
        const default_action = NoAction();
        size = 65536;
    }

    /// A connection that is known.
    action follow(bit<32> address, bit<16> port) {
        meta.server = { address, port };
        meta.isChosen = true;
        followed.count();
        if (hdr.tcp.isValid() && (hdr.tcp.fin == 1 || hdr.tcp.rst == 1)) {
            set_entry_expire_time(CLOSING);
        } else if (hdr.tcp.isValid() && hdr.tcp.syn == 0) {
            set_entry_expire_time(ESTABLISHED);
        } else {
            restart_expire_timer();
        }
    }

    /// A connection that begins: it is remembered once a server is chosen.
    action begin() {
        if (meta.isChosen) {
            add_entry(action_name = "follow", action_params = meta.server, expire_time_profile_id = OPENING);
            opened.count(meta.service);
        }
    }

    table connections {
        key = {
            hdr.ipv4.src: exact;
            hdr.ipv4.dst: exact;
            hdr.ports.src: exact @name("from_port");
            hdr.ports.dst: exact @name("to_port");
            hdr.ipv4.protocol: exact;
        }
        actions = { @tableonly follow; @defaultonly begin; }
        const default_action = begin();
        add_on_miss = true;
        pna_idle_timeout = PNA_IdleTimeout_t.AUTO_DELETE;
        pna_direct_counter = followed;
        size = 262144;
    }

    /// The checksums once another address and port stand in the headers (RFC 1624; no checksum of UDP stays none).
    action change_checksums(server_t before, server_t behind) {
        checksum.clear();
        checksum.subtract(hdr.ipv4.checksum);
        checksum.subtract(before.address);
        checksum.add(behind.address);
        hdr.ipv4.checksum = checksum.get();
        checksum.clear();
        checksum.subtract(before);
        checksum.add(behind);
        if (hdr.tcp.isValid()) {
            checksum.subtract(hdr.tcp.checksum);
            hdr.tcp.checksum = checksum.get();
        } else if (hdr.udp.checksum != 0) {
            checksum.subtract(hdr.udp.checksum);
            hdr.udp.checksum = checksum.get();
            if (hdr.udp.checksum == 0) {
                hdr.udp.checksum = 0xffff;
            }
        }
    }

    action deliver(PortId_t port, bit<48> src, bit<48> dst) {
        hdr.ethernet.src = src;
        hdr.ethernet.dst = dst;
        send_to_port(port);
    }

    table neighbours {
        key = { meta.server.address: exact; }
        actions = { deliver; @defaultonly NoAction; }
        const default_action = NoAction();
        size = 1024;
    }

    /// Answers of a server have its address; clients know the service's.
    action as_service(bit<32> address, bit<16> port) {
        change_checksums({ hdr.ipv4.src, hdr.ports.src }, { address, port });
        hdr.ipv4.src = address;
        hdr.ports.src = port;
        send_to_port((PortId_t) 32w0);
    }

    table answers {
        key = {
            hdr.ipv4.src: exact;
            hdr.ipv4.protocol: exact;
            hdr.ports.src: exact @name("port");
        }
        actions = { as_service; @defaultonly NoAction; }
        const default_action = NoAction();
        size = 65536;
    }

    apply {
        if (istd.parser_error != error.NoError || !hdr.ports.isValid()) {
            drop_packet();
            return;
        }
        if (istd.direction == PNA_Direction_t.HOST_TO_NET) {
            answers.apply();
            return;
        }
        if (services.apply().hit) {
            // TCP connections begin with SYN; all else is either known or nobody's.
            if (!hdr.tcp.isValid() || hdr.tcp.syn == 1) {
                servers.apply();
            }
            connections.apply();
        }
        if (meta.isChosen) {
            change_checksums({ hdr.ipv4.dst, hdr.ports.dst }, meta.server);
            hdr.ipv4.dst = meta.server.address;
            hdr.ports.dst = meta.server.port;
            neighbours.apply();
        }
    }
}

control BalancerDeparser(packet_out pkt, in headers_t hdr, in metadata_t meta, in pna_main_output_metadata_t ostd) {
    apply {
        pkt.emit(hdr);
    }
}

PNA_NIC(BalancerParser(), BalancerPre(), Balancer(), BalancerDeparser()) main;
