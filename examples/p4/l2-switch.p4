// A learning switch: known stations by their address, unknown ones to all ports of their VLAN, new ones told to the controller.
#include <core.p4>
#define V1MODEL_VERSION 20200408
#include <v1model.p4>

const bit<16> TYPE_VLAN = 0x8100;
const bit<32> LEARN_RECEIVER = 1;

typedef bit<48> MacAddress;
typedef bit<12> VlanId;

header ethernet_t {
    MacAddress dst;
    MacAddress src;
    bit<16> type;
}

header vlan_t {
    bit<3> priority;
    bit<1> dropEligible;
    VlanId id;
    bit<16> type;
}

struct headers_t {
    ethernet_t ethernet;
    vlan_t vlan;
}

struct learn_t {
    MacAddress station;
    VlanId vlan;
    PortId_t port;
}

struct metadata_t {
    VlanId vlan;
    bool isTagged;
}

parser SwitchParser(packet_in packet, out headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    state start {
        packet.extract(hdr.ethernet);
        transition select(hdr.ethernet.type) {
            TYPE_VLAN: parse_vlan;
            default: accept;
        }
    }

    state parse_vlan {
        packet.extract(hdr.vlan);
        meta.isTagged = true;
        transition accept;
    }
}

control NoChecksum(inout headers_t hdr, inout metadata_t meta) {
    apply {}
}

control SwitchIngress(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    direct_counter(CounterType.packets_and_bytes) stations;

    action untagged(VlanId vlan) {
        meta.vlan = vlan;
    }

    action tagged() {
        meta.vlan = hdr.vlan.id;
    }

    action drop() {
        mark_to_drop(std);
    }

    table port_vlan {
        key = {
            std.ingress_port: exact;
            hdr.vlan.isValid(): exact @name("tagged");
            hdr.vlan.id: ternary @name("vlan");
        }
        actions = {
            untagged;
            tagged;
            drop;
        }
        const default_action = drop();
        size = 4096;
    }

    action known() {}

    action learn() {
        digest<learn_t>(LEARN_RECEIVER, { hdr.ethernet.src, meta.vlan, std.ingress_port });
    }

    table source {
        key = {
            hdr.ethernet.src: exact;
            meta.vlan: exact;
            std.ingress_port: exact;
        }
        actions = { known; learn; }
        const default_action = learn();
        support_timeout = true;
        size = 16384;
    }

    action forward(PortId_t port) {
        std.egress_spec = port;
        stations.count();
    }

    action flood(bit<16> group) {
        std.mcast_grp = group;
        stations.count();
    }

    table destination {
        key = {
            hdr.ethernet.dst: exact;
            meta.vlan: exact;
        }
        actions = { forward; flood; drop; }
        default_action = drop();
        counters = stations;
        size = 16384;
    }

    apply {
        if (!port_vlan.apply().hit) {
            return;
        }
        source.apply();
        destination.apply();
    }
}

control SwitchEgress(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    apply {
        // Nothing goes back to where it came from.
        if (std.egress_port == std.ingress_port && std.mcast_grp != 0) {
            mark_to_drop(std);
        }
    }
}

control SwitchDeparser(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr.ethernet);
        packet.emit(hdr.vlan);
    }
}

V1Switch(SwitchParser(), NoChecksum(), SwitchIngress(), SwitchEgress(), NoChecksum(), SwitchDeparser()) main;
