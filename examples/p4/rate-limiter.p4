// A rate limiter in TNA: a token bucket for each sender by a register action, whose rule is given where it is declared.
#include <core.p4>
#include <tna.p4>

header ethernet_h {
    bit<48> dst;
    bit<48> src;
    bit<16> type;
}

header ipv4_h {
    bit<72> first;
    bit<8> protocol;
    bit<16> checksum;
    bit<32> src;
    bit<32> dst;
}

struct headers_t {
    ethernet_h ethernet;
    ipv4_h ipv4;
}

struct bucket_t {
    bit<32> tokens;
    bit<32> refilled;
}

struct metadata_t {
    bit<1> exceeds;
    bit<16> index;
}

parser LimiterParser(packet_in pkt, out headers_t hdr, out metadata_t meta, out ingress_intrinsic_metadata_t intrinsic) {
    state start {
        pkt.extract(intrinsic);
        pkt.advance(PORT_METADATA_SIZE);
        meta = { 0, 0 };
        transition ethernet;
    }

    state ethernet {
        pkt.extract(hdr.ethernet);
        transition select(hdr.ethernet.type) {
            16w0x0800: ipv4;
            default: accept;
        }
    }

    state ipv4 {
        pkt.extract(hdr.ipv4);
        transition accept;
    }
}

control Limiter(
    inout headers_t hdr,
    inout metadata_t meta,
    in ingress_intrinsic_metadata_t intrinsic,
    in ingress_intrinsic_metadata_from_parser_t fromParser,
    inout ingress_intrinsic_metadata_for_deparser_t forDeparser,
    inout ingress_intrinsic_metadata_for_tm_t forTm) {
    Hash<bit<16>>(HashAlgorithm_t.CRC16) hash;
    Register<bucket_t, bit<16>>(32w65536, { 100, 0 }) buckets;

    RegisterAction<bucket_t, bit<16>, bit<1>>(buckets) take = {
        void apply(inout bucket_t bucket, out bit<1> exceeds) {
            if (bucket.refilled != (bit<32>) fromParser.global_tstamp[47:16]) {
                bucket.tokens = 100;
                bucket.refilled = (bit<32>) fromParser.global_tstamp[47:16];
            }
            exceeds = 0;
            if (bucket.tokens == 0) {
                exceeds = 1;
            } else {
                bucket.tokens = bucket.tokens - 1;
            }
        }
    };

    @stage(3)
    action drop() {
        forDeparser.drop_ctl = 3w1;
    }

    action send(PortId_t port) {
        forTm.ucast_egress_port = port;
    }

    table hosts {
        key = { hdr.ipv4.dst: exact; }
        actions = { send; @defaultonly drop; }
        const default_action = drop();
        size = 1024;
    }

    apply {
        meta.index = hash.get({ hdr.ipv4.src, hdr.ipv4.protocol });
        meta.exceeds = take.execute(meta.index);
        hosts.apply();
        if (meta.exceeds == 1) drop();
    }
}

control LimiterDeparser(packet_out pkt, inout headers_t hdr, in metadata_t meta, in ingress_intrinsic_metadata_for_deparser_t forDeparser) {
    apply {
        pkt.emit(hdr);
    }
}

parser NothingParser(packet_in pkt, out headers_t hdr, out metadata_t meta, out egress_intrinsic_metadata_t intrinsic) {
    state start {
        pkt.extract(intrinsic);
        transition accept;
    }
}

control Nothing(
    inout headers_t hdr,
    inout metadata_t meta,
    in egress_intrinsic_metadata_t intrinsic,
    in egress_intrinsic_metadata_from_parser_t fromParser,
    inout egress_intrinsic_metadata_for_deparser_t forDeparser,
    inout egress_intrinsic_metadata_for_output_port_t forPort) {
    apply {}
}

control NothingDeparser(packet_out pkt, inout headers_t hdr, in metadata_t meta, in egress_intrinsic_metadata_for_deparser_t forDeparser) {
    apply {}
}

Pipeline(LimiterParser(), Limiter(), LimiterDeparser(), NothingParser(), Nothing(), NothingDeparser()) pipe;

Switch(pipe) main;
