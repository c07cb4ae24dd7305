/*
 * In-band network telemetry, INT-MD (P4.org, INT Dataplane Specification 2.1): packets that are watched collect, hop by hop, what
 * happens to them. A node can be the source, which adds the instructions; a transit hop, which follows them; and the sink, which
 * takes everything out again and gives the collector a copy. The headers stand behind TCP's or UDP's (section 5.6.2), and a value of
 * DSCP tells that they are there.
 *
 * Checksums of TCP and UDP are kept by difference (RFC 1624), so an error that was there before is still seen at the end.
 */
#include <core.p4>
#include <v1model.p4>

const bit<16> TYPE_IPV4 = 0x0800;
const bit<8> PROTOCOL_TCP = 6;
const bit<8> PROTOCOL_UDP = 17;
const bit<6> DSCP_INT = 0x17;
const bit<4> SHIM_TYPE_MD = 1;
const bit<4> INT_VERSION = 2;
const bit<8> MD_WORDS = 3;
const bit<16> SUPPORTED = 0xfc00; // node, ports, latency, queue, arrival, departure
const bit<32> MTU = 1500;

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
    bit<16> identification;
    bit<3> flags;
    bit<13> fragmentOffset;
    bit<8> ttl;
    bit<8> protocol;
    bit<16> checksum;
    bit<32> src;
    bit<32> dst;
}

/// What TCP and UDP have in common.
header ports_t {
    bit<16> src;
    bit<16> dst;
}

header udp_rest_t {
    bit<16> length;
    bit<16> checksum;
}

header tcp_rest_t {
    bit<32> sequence;
    bit<32> acknowledged;
    bit<16> flags;
    bit<16> window;
    bit<16> checksum;
    bit<16> urgent;
}

header shim_t {
    bit<4> type;
    bit<2> nextProtocolType;
    bit<2> reserved1;
    bit<8> words; // of all that follows and belongs to INT
    bit<8> reserved2;
    bit<6> dscp; // what it was at the source
    bit<2> reserved3;
}

header instructions_t {
    bit<4> version;
    bit<1> discard;
    bit<1> isHopLimitExceeded; // E
    bit<1> isMtuExceeded; // M
    bit<12> reserved;
    bit<5> hopWords;
    bit<8> remainingHops;
    bit<16> bitmap;
    bit<16> domain;
    bit<16> domainInstructions;
    bit<16> domainFlags;
}

header node_t { bit<32> id; }
header ports_passed_t { bit<16> ingress; bit<16> egress; }
header latency_t { bit<32> nanoseconds; }
header queue_t { bit<8> id; bit<24> occupancy; }
header time_t { bit<64> nanoseconds; }

/// What earlier hops wrote.
header stack_t {
    varbit<8160> words;
}

struct headers_t {
    ethernet_t ethernet;
    ipv4_t ipv4;
    ports_t ports;
    udp_rest_t udp;
    tcp_rest_t tcp;
    shim_t shim;
    instructions_t instructions;
    node_t node;
    ports_passed_t passed;
    latency_t latency;
    queue_t queue;
    time_t arrival;
    time_t departure;
    stack_t stack;
}

struct metadata_t {
    bit<1> isSource;
    bit<1> isSink;
    bit<16> sum; // of the words that this node adds, in one's complement
}

error {
    BadTelemetry
}

/// The sum of two numbers in one's complement.
bit<16> ones_sum(in bit<16> one, in bit<16> other) {
    bit<17> sum = (bit<17>) one + (bit<17>) other;
    return sum[15:0] + (bit<16>) sum[16:16];
}

bit<16> ones_sum_32(in bit<16> one, in bit<32> word) {
    return ones_sum(ones_sum(one, word[31:16]), word[15:0]);
}

parser TelemetryParser(packet_in packet, out headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    state start {
        packet.extract(hdr.ethernet);
        transition select(hdr.ethernet.type) {
            TYPE_IPV4: ipv4;
            default: accept;
        }
    }

    state ipv4 {
        packet.extract(hdr.ipv4);
        transition select(hdr.ipv4.ihl, hdr.ipv4.fragmentOffset, hdr.ipv4.protocol) {
            (5, 0, PROTOCOL_TCP): tcp;
            (5, 0, PROTOCOL_UDP): udp;
            default: accept;
        }
    }

    state tcp {
        packet.extract(hdr.ports);
        packet.extract(hdr.tcp);
        transition behind_transport;
    }

    state udp {
        packet.extract(hdr.ports);
        packet.extract(hdr.udp);
        transition behind_transport;
    }

    state behind_transport {
        transition select(hdr.ipv4.dscp) {
            DSCP_INT: telemetry;
            default: accept;
        }
    }

    state telemetry {
        packet.extract(hdr.shim);
        verify(hdr.shim.type == SHIM_TYPE_MD && hdr.shim.words >= MD_WORDS, error.BadTelemetry);
        packet.extract(hdr.instructions);
        verify(hdr.instructions.version == INT_VERSION, error.BadTelemetry);
        packet.extract(hdr.stack, (bit<32>) (hdr.shim.words - MD_WORDS) * 32);
        transition accept;
    }
}

control VerifyIpv4(inout headers_t hdr, inout metadata_t meta) {
    apply {
        verify_checksum(hdr.ipv4.isValid() && hdr.ipv4.ihl == 5,
            {
                hdr.ipv4.version, hdr.ipv4.ihl, hdr.ipv4.dscp, hdr.ipv4.ecn, hdr.ipv4.totalLength,
                hdr.ipv4.identification, hdr.ipv4.flags, hdr.ipv4.fragmentOffset, hdr.ipv4.ttl,
                hdr.ipv4.protocol, hdr.ipv4.src, hdr.ipv4.dst
            },
            hdr.ipv4.checksum, HashAlgorithm.csum16);
    }
}

control TelemetryIngress(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    direct_counter(CounterType.packets) watched;

    action drop() {
        mark_to_drop(std);
    }

    action forward(bit<9> port, bit<48> src, bit<48> dst) {
        std.egress_spec = port;
        hdr.ethernet.src = src;
        hdr.ethernet.dst = dst;
        hdr.ipv4.ttl = hdr.ipv4.ttl - 1;
    }

    table routes {
        key = { hdr.ipv4.dst: lpm; }
        actions = { forward; drop; }
        default_action = drop();
        size = 1024;
    }

    /// Begins telemetry: `bitmap` says what hops write, which is `hopWords` words at each of at most `hops` hops.
    action watch(bit<16> bitmap, bit<5> hopWords, bit<8> hops, bit<16> domain) {
        watched.count();
        meta.isSource = 1;
        hdr.shim = { SHIM_TYPE_MD, 0, 0, MD_WORDS, 0, hdr.ipv4.dscp, 0 };
        hdr.instructions = { INT_VERSION, 0, 0, 0, 0, hopWords, hops, bitmap, domain, 0, 0 };
        hdr.ipv4.dscp = DSCP_INT;
    }

    /// Flows for which this node is the source.
    table flows {
        key = {
            std.ingress_port: exact;
            hdr.ipv4.src: ternary;
            hdr.ipv4.dst: ternary;
            hdr.ipv4.protocol: ternary;
            hdr.ports.dst: range;
        }
        actions = { watch; NoAction; }
        default_action = NoAction();
        counters = watched;
        size = 512;
    }

    /// The collector gets what the packet brought, and egress takes it out of the packet.
    action sink(bit<32> session) {
        meta.isSink = 1;
        clone(CloneType.I2E, session);
    }

    /// Ports at which the domain ends.
    table ends {
        key = { std.egress_spec: exact; }
        actions = { sink; @defaultonly NoAction; }
        const default_action = NoAction();
        size = 512;
    }

    apply {
        // Lost parts would leave somebody's data behind a wrong header.
        if (std.parser_error != error.NoError || std.checksum_error == 1 || !hdr.ipv4.isValid() || hdr.ipv4.ttl <= 1) {
            drop();
            return;
        }
        if (routes.apply().miss) {
            return;
        }
        if (hdr.shim.isValid()) {
            ends.apply();
        } else if (hdr.ports.isValid()) {
            flows.apply();
        }
    }
}

/// What the node that runs this program writes.
control Hop(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    action write(bit<32> nodeId) {
        bit<64> arrived = (bit<64>) std.ingress_global_timestamp * 1000;
        bit<64> left = (bit<64>) std.egress_global_timestamp * 1000;
        bit<16> bitmap = hdr.instructions.bitmap;
        if (bitmap[15:15] == 1) {
            hdr.node = { nodeId };
            meta.sum = ones_sum_32(meta.sum, hdr.node.id);
        }
        if (bitmap[14:14] == 1) {
            hdr.passed = { (bit<16>) std.ingress_port, (bit<16>) std.egress_port };
            meta.sum = ones_sum_32(meta.sum, hdr.passed.ingress ++ hdr.passed.egress);
        }
        if (bitmap[13:13] == 1) {
            hdr.latency = { (bit<32>) (left - arrived) };
            meta.sum = ones_sum_32(meta.sum, hdr.latency.nanoseconds);
        }
        if (bitmap[12:12] == 1) {
            hdr.queue = { 0, (bit<24>) std.deq_qdepth };
            meta.sum = ones_sum_32(meta.sum, hdr.queue.id ++ hdr.queue.occupancy);
        }
        if (bitmap[11:11] == 1) {
            hdr.arrival = { arrived };
            meta.sum = ones_sum_32(ones_sum_32(meta.sum, arrived[63:32]), arrived[31:0]);
        }
        if (bitmap[10:10] == 1) {
            hdr.departure = { left };
            meta.sum = ones_sum_32(ones_sum_32(meta.sum, left[63:32]), left[31:0]);
        }
    }

    table this_node {
        actions = { write; }
        default_action = write(0);
    }

    apply {
        this_node.apply();
    }
}

control TelemetryEgress(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    Hop() hop;

    /// The sum of the headers that all hops share, in one's complement.
    action sum_headers(out bit<16> sum) {
        hash(sum, HashAlgorithm.csum16, 16w0, { hdr.shim, hdr.instructions }, 32w0x10000);
        sum = ~sum;
    }

    /// The packet has so many bytes more and less, which have this sum; no checksum of UDP stays none (RFC 768).
    action change(bit<16> more, bit<16> less, bit<16> sum) {
        bit<16> length = ones_sum(more, ~less);
        hdr.ipv4.totalLength = hdr.ipv4.totalLength + more - less;
        if (hdr.tcp.isValid()) {
            hdr.tcp.checksum = ~ones_sum(ones_sum(~hdr.tcp.checksum, sum), length);
        } else {
            hdr.udp.length = hdr.udp.length + more - less;
            if (hdr.udp.checksum != 0) {
                // The length stands in the header and in the pseudo header.
                hdr.udp.checksum = ~ones_sum(ones_sum(ones_sum(~hdr.udp.checksum, sum), length), length);
                if (hdr.udp.checksum == 0) {
                    hdr.udp.checksum = 0xffff;
                }
            }
        }
    }

    /// The end of telemetry: all of it is taken out.
    action take_out(bit<16> before) {
        bit<16> unwritten;
        hash(unwritten, HashAlgorithm.csum16, 16w0, { hdr.stack }, 32w0x10000);
        change(0, ((bit<16>) hdr.shim.words + 1) * 4, ones_sum(~before, unwritten));
        hdr.ipv4.dscp = hdr.shim.dscp;
        hdr.shim.setInvalid();
        hdr.instructions.setInvalid();
        hdr.stack.setInvalid();
    }

    apply {
        if (!hdr.shim.isValid()) {
            return;
        }
        bit<16> before = 0;
        bit<16> bytes = ((bit<16>) MD_WORDS + 1) * 4;
        if (meta.isSource == 0) {
            sum_headers(before);
            bytes = 0;
        }
        if (meta.isSink == 1) {
            take_out(before);
            return;
        }
        bit<8> hopWords = (bit<8>) hdr.instructions.hopWords;
        bit<16> bytesWithHop = bytes + (bit<16>) hopWords * 4;
        if (hdr.instructions.remainingHops == 0) {
            hdr.instructions.isHopLimitExceeded = 1;
        } else if (std.packet_length + (bit<32>) bytesWithHop > MTU || hdr.shim.words > 255 - hopWords) {
            hdr.instructions.isMtuExceeded = 1;
        } else if ((hdr.instructions.bitmap & ~SUPPORTED) == 0) {
            hop.apply(hdr, meta, std);
            hdr.instructions.remainingHops = hdr.instructions.remainingHops - 1;
            hdr.shim.words = hdr.shim.words + hopWords;
            bytes = bytesWithHop;
        }
        bit<16> behind;
        sum_headers(behind);
        change(bytes, 0, ones_sum(meta.sum, ones_sum(~before, behind)));
    }
}

control UpdateIpv4(inout headers_t hdr, inout metadata_t meta) {
    apply {
        update_checksum(hdr.ipv4.isValid() && hdr.ipv4.ihl == 5,
            {
                hdr.ipv4.version, hdr.ipv4.ihl, hdr.ipv4.dscp, hdr.ipv4.ecn, hdr.ipv4.totalLength,
                hdr.ipv4.identification, hdr.ipv4.flags, hdr.ipv4.fragmentOffset, hdr.ipv4.ttl,
                hdr.ipv4.protocol, hdr.ipv4.src, hdr.ipv4.dst
            },
            hdr.ipv4.checksum, HashAlgorithm.csum16);
    }
}

control TelemetryDeparser(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr);
    }
}

V1Switch(TelemetryParser(), VerifyIpv4(), TelemetryIngress(), TelemetryEgress(), UpdateIpv4(), TelemetryDeparser()) main;
