/**
 * The Portable NIC Architecture (PNA.adoc): one pass through a main block, whose last forwarding decision counts, and tables that add
 * entries when they miss. This file has the general variant and that of P4-DPDK; `tc.ts` has that of Linux' P4TC.
 */
import { choices, hashes, matchKinds, numbersWithPass } from "./common.ts";

type Target = {
  readonly idleTimeouts: string;
  readonly hashAlgorithms: string;
  readonly counters: string;
  readonly meters: string;
  readonly extras: string;
};

const blocks = `
enum PNA_Direction_t {
    NET_TO_HOST,
    HOST_TO_NET
}

enum PNA_PacketPath_t {
    FROM_NET_PORT,
    FROM_NET_LOOPEDBACK,
    FROM_NET_RECIRCULATED,
    FROM_HOST,
    FROM_HOST_LOOPEDBACK,
    FROM_HOST_RECIRCULATED
}

struct pna_pre_input_metadata_t {
    PortId_t input_port;
    ParserError_t parser_error;
    PNA_Direction_t direction;
    PassNumber_t pass;
    bool loopedback;
}

struct pna_pre_output_metadata_t {
    bool decrypt;
    SecurityAssocId_t said;
    bit<16> decrypt_start_offset;
}

struct pna_main_parser_input_metadata_t {
    PNA_Direction_t direction;
    PassNumber_t pass;
    bool loopedback;
    PortId_t input_port;
}

struct pna_main_input_metadata_t {
    PNA_Direction_t direction;
    PassNumber_t pass;
    bool loopedback;
    Timestamp_t timestamp;
    ParserError_t parser_error;
    ClassOfService_t class_of_service;
    PortId_t input_port;
}

struct pna_main_output_metadata_t {
    ClassOfService_t class_of_service;
}

/// Of these two the last one that is called decides what becomes of the packet.
extern void drop_packet();
extern void send_to_port(PortId_t dest_port);

extern void mirror_packet(MirrorSlotId_t mirror_slot_id, MirrorSessionId_t mirror_session_id);

extern void recirculate();

/// In the default action of a table with add_on_miss: adds an entry for the key that missed.
extern bool add_entry<T>(string action_name, in T action_params);
extern bool add_entry<T>(string action_name, in T action_params, in ExpireTimeProfileId_t expire_time_profile_id);

extern FlowId_t allocate_flow_id();

/// In an action of a table with an idle time-out: for the entry that matched.
extern void set_entry_expire_time(in ExpireTimeProfileId_t expire_time_profile_id);
extern void restart_expire_timer();

/// n2h_value for packets from the network, h2n_value for those of the host.
@pure
extern T SelectByDirection<T>(in PNA_Direction_t direction, in T n2h_value, in T h2n_value);

control PreControlT<PH, PM>(
    in PH pre_hdr,
    inout PM pre_user_meta,
    in pna_pre_input_metadata_t istd,
    inout pna_pre_output_metadata_t ostd);

parser MainParserT<MH, MM>(
    packet_in pkt,
    out MH main_hdr,
    inout MM main_user_meta,
    in pna_main_parser_input_metadata_t istd);

control MainControlT<MH, MM>(
    inout MH main_hdr,
    inout MM main_user_meta,
    in pna_main_input_metadata_t istd,
    inout pna_main_output_metadata_t ostd);

control MainDeparserT<MH, MM>(
    packet_out pkt,
    in MH main_hdr,
    in MM main_user_meta,
    in pna_main_output_metadata_t ostd);

package PNA_NIC<PH, PM, MH, MM>(
    MainParserT<MH, MM> main_parser,
    PreControlT<PH, PM> pre_control,
    MainControlT<MH, MM> main_control,
    MainDeparserT<MH, MM> main_deparser);
`;

const text = (target: Target): string => `#ifndef __PNA_P4__
#define __PNA_P4__

#include <core.p4>
${numbersWithPass}
/// Values of the table property pna_idle_timeout.
enum PNA_IdleTimeout_t {
    ${target.idleTimeouts}
}
${matchKinds}
enum PNA_HashAlgorithm_t {
    ${target.hashAlgorithms}
}
${hashes}
${target.counters}
${target.meters}
extern Register<T, S> {
    Register(bit<32> size);
    Register(bit<32> size, T initial_value);
    T read(in S index);
    void write(in S index, in T value);
}
${choices}
extern Digest<T> {
    Digest();
    void pack(in T data);
}
${target.extras}
${blocks}
#endif
`;

/** The general variant. */
export const pna = text({
  idleTimeouts: "NO_TIMEOUT,\n    NOTIFY_CONTROL,\n    AUTO_DELETE",
  hashAlgorithms: "TARGET_DEFAULT",
  counters: `
@noWarn("unused")
extern Counter<W, S> {
    Counter(bit<32> n_counters, PNA_CounterType_t type);
    void count(in S index, @optional in bit<32> increment);
}

@noWarn("unused")
extern DirectCounter<W> {
    DirectCounter(PNA_CounterType_t type);
    void count(@optional in bit<32> increment);
}
`,
  meters: `
extern Meter<S> {
    Meter(bit<32> n_meters, PNA_MeterType_t type);
    PNA_MeterColor_t execute(in S index, in PNA_MeterColor_t color);
    PNA_MeterColor_t execute(in S index);
}

extern DirectMeter {
    DirectMeter(PNA_MeterType_t type);
    PNA_MeterColor_t execute(in PNA_MeterColor_t color, @optional in bit<32> pkt_len);
    PNA_MeterColor_t execute(@optional in bit<32> pkt_len);
}
`,
  extras: "",
});

/** For P4-DPDK, whose counters and meters are told the packet's length, and which has IPsec. */
export const pnaDpdk = text({
  idleTimeouts: "NO_TIMEOUT,\n    NOTIFY_CONTROL,\n    AUTO_DELETE",
  hashAlgorithms: `IDENTITY,
    CRC32,
    CRC32_CUSTOM,
    CRC16,
    CRC16_CUSTOM,
    ONES_COMPLEMENT16,
    TOEPLITZ,
    TARGET_DEFAULT`,
  counters: `
@noWarn("unused")
extern Counter<W, S> {
    Counter(bit<32> n_counters, PNA_CounterType_t type);
    void count(in S index);
    void count(in S index, in bit<32> pkt_len);
}

@noWarn("unused")
extern DirectCounter<W> {
    DirectCounter(PNA_CounterType_t type);
    void count();
    void count(in bit<32> pkt_len);
}
`,
  meters: `
extern Meter<S> {
    Meter(bit<32> n_meters, PNA_MeterType_t type);
    PNA_MeterColor_t execute(in S index, in PNA_MeterColor_t color);
    PNA_MeterColor_t execute(in S index);
    PNA_MeterColor_t dpdk_execute(in S index, in PNA_MeterColor_t color, in bit<32> pkt_len);
    PNA_MeterColor_t dpdk_execute(in S index, in bit<32> pkt_len);
}

extern DirectMeter {
    DirectMeter(PNA_MeterType_t type);
    PNA_MeterColor_t execute(in PNA_MeterColor_t color);
    PNA_MeterColor_t execute();
    PNA_MeterColor_t dpdk_execute(in PNA_MeterColor_t color, in bit<32> pkt_len);
    PNA_MeterColor_t dpdk_execute(in bit<32> pkt_len);
}
`,
  extras: `
enum ipsec_status {
    IPSEC_SUCCESS,
    IPSEC_ERROR
}

/// Encrypts or decrypts the packet by a security association when its deparser ends.
extern ipsec_accelerator {
    ipsec_accelerator();
    void set_sa_index<T>(in T sa_index);
    void set_ip_header_offset<T>(in T offset);
    void enable();
    void disable();
    /// Whether the packet comes back from the accelerator.
    bool from_ipsec(out ipsec_status status);
}
`,
});
