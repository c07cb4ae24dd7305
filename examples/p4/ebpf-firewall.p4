/*
 * A packet filter for the kernel (eBPF model): networks may be blocked by their prefix, services are allowed by their port, and what
 * belongs to neither is refused. Counters tell how many packets met which end.
 */
#include <core.p4>
#include <ebpf_model.p4>

const bit<16> TYPE_IPV4 = 0x0800;
const bit<16> TYPE_IPV6 = 0x86dd;
const bit<16> TYPE_ARP = 0x0806;

/// Indexes of the counters.
enum bit<32> Outcome {
    Blocked = 0,
    Refused = 1,
    Allowed = 2
}

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

header ipv4_options_t {
    varbit<320> options;
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

header ports_t {
    bit<16> src;
    bit<16> dst;
}

struct headers_t {
    ethernet_t ethernet;
    ipv4_t ipv4;
    ipv4_options_t options;
    ipv6_t ipv6;
    ports_t ports;
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
        // The filter has no table of fragments, so it takes none.
        transition select(hdr.ipv4.version, hdr.ipv4.ihl, hdr.ipv4.flags, hdr.ipv4.fragmentOffset) {
            (4, 5 .. 15, 0 &&& 1, 0): options;
            default: reject;
        }
    }

    state options {
        packet.extract(hdr.options, ((bit<32>) hdr.ipv4.ihl - 5) * 32);
        transition select(hdr.ipv4.protocol) {
            6: ports;
            17: ports;
            default: accept;
        }
    }

    state ipv6 {
        packet.extract(hdr.ipv6);
        transition select(hdr.ipv6.version, hdr.ipv6.nextHeader) {
            (6, 6): ports;
            (6, 17): ports;
            (6, _): accept;
            default: reject;
        }
    }

    state ports {
        packet.extract(hdr.ports);
        transition accept;
    }
}

control Decide(inout headers_t hdr, out bool pass) {
    CounterArray(3, false) outcomes;
    bit<8> protocol = 0;

    action block() {
        pass = false;
        outcomes.increment(Outcome.Blocked);
    }

    action allow() {
        pass = true;
        outcomes.increment(Outcome.Allowed);
    }

    action refuse() {
        pass = false;
        outcomes.increment(Outcome.Refused);
    }

    table blocked_ipv4 {
        key = { hdr.ipv4.src: lpm; }
        actions = { block; NoAction; }
        implementation = hash_table(1024);
        default_action = NoAction();
    }

    table blocked_ipv6 {
        key = { hdr.ipv6.src: lpm; }
        actions = { block; NoAction; }
        implementation = hash_table(1024);
        default_action = NoAction();
    }

    table services {
        key = {
            protocol: exact;
            hdr.ports.dst: exact;
        }
        actions = { allow; refuse; }
        implementation = hash_table(256);
        default_action = refuse();
    }

    apply {
        pass = true;
        bool isBlocked = false;
        if (hdr.ipv4.isValid()) {
            protocol = hdr.ipv4.protocol;
            switch (blocked_ipv4.apply().action_run) {
                block: { isBlocked = true; }
                default: {}
            }
        } else if (hdr.ipv6.isValid()) {
            protocol = hdr.ipv6.nextHeader;
            switch (blocked_ipv6.apply().action_run) {
                block: { isBlocked = true; }
                default: {}
            }
        } else {
            // Neighbours have to be found; all else is not IP and not wanted.
            pass = hdr.ethernet.type == TYPE_ARP;
            return;
        }
        if (!isBlocked) {
            if (hdr.ports.isValid()) {
                services.apply();
            } else {
                // ICMP and ICMPv6, without which IP does not work.
                pass = protocol == 1 && hdr.ipv4.isValid() || protocol == 58 && hdr.ipv6.isValid();
            }
        }
    }
}

ebpfFilter(Read(), Decide()) main;
