// Access control by ranges of ports and prefixes, with priorities, counters, and a rate for what is only logged.
#include <core.p4>
#include <v1model.p4>

header ethernet_t {
    bit<48> dst;
    bit<48> src;
    bit<16> type;
}

header ipv4_t {
    bit<4> version;
    bit<4> ihl;
    bit<6> dscp;
    bit<2> ecn;
    bit<16> totalLength;
    bit<32> fragment;
    bit<8> ttl;
    bit<8> protocol;
    bit<16> checksum;
    bit<32> src;
    bit<32> dst;
}

header transport_t {
    bit<16> src;
    bit<16> dst;
}

struct headers_t {
    ethernet_t ethernet;
    ipv4_t ipv4;
    transport_t transport;
}

struct metadata_t {
    bit<2> colour;
    bit<8> verdict;
}

enum bit<8> Verdict {
    Undecided = 0,
    Allow = 1,
    Deny = 2,
    Log = 0x80 | 1,
}

parser AclParser(packet_in packet, out headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    value_set<bit<8>>(4) protocolsWithPorts;

    state start {
        packet.extract(hdr.ethernet);
        transition select(hdr.ethernet.type) {
            0x0800: ipv4;
            _: accept;
        }
    }

    state ipv4 {
        packet.extract(hdr.ipv4);
        transition select(hdr.ipv4.protocol, hdr.ipv4.fragment) {
            (protocolsWithPorts, 0 &&& 0x1fff): transport;
            default: accept;
        }
    }

    state transport {
        packet.extract(hdr.transport);
        transition accept;
    }
}

control Nothing(inout headers_t hdr, inout metadata_t meta) {
    apply {}
}

control AclIngress(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    direct_counter(CounterType.packets) matched;
    direct_meter<bit<2>>(MeterType.packets) logged;

    action allow(bit<9> port) {
        matched.count();
        meta.verdict = (bit<8>) Verdict.Allow;
        std.egress_spec = port;
    }

    action deny() {
        matched.count();
        meta.verdict = (bit<8>) Verdict.Deny;
        mark_to_drop(std);
    }

    action log(bit<32> session) {
        matched.count();
        logged.read(meta.colour);
        meta.verdict = (bit<8>) Verdict.Log;
        clone(CloneType.I2E, session);
    }

    table rules {
        key = {
            hdr.ipv4.src: ternary;
            hdr.ipv4.dst: lpm;
            hdr.ipv4.protocol: optional;
            hdr.transport.src: range;
            hdr.transport.dst: range;
        }
        actions = { allow; deny; log; }
        counters = matched;
        meters = logged;
        default_action = deny();
        largest_priority_wins = true;
        priority_delta = 10;
        entries = {
            const priority = 100: (_, 0x0a000000 &&& 0xff000000, 17, _, 53): allow(1);
            priority = (90 + 5): (0xc0a80000 &&& 0xffff0000, _, 6, 1024 .. 65535, 22 .. 23): deny();
            (_, _, _, _, 33434 .. 33534): log(5) @name("traceroute");
        }
    }

    apply {
        if (hdr.ipv4.isValid()) {
            switch (rules.apply().action_run) {
                log: {
                    if (meta.colour == V1MODEL_METER_COLOR_RED) {
                        mark_to_drop(std);
                    }
                }
                allow:
                deny: {}
                default: { exit; }
            }
        }
        meta.verdict[7:7] = meta.verdict[0:0] & ~1w0;
        hdr.ipv4.dscp = meta.verdict == 0 ? 6w46 : hdr.ipv4.dscp;
    }
}

control AclEgress(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    apply {}
}

control AclDeparser(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr.ethernet);
        packet.emit(hdr.ipv4);
        packet.emit(hdr.transport);
    }
}

V1Switch(AclParser(), Nothing(), AclIngress(), AclEgress(), Nothing(), AclDeparser()) main;
