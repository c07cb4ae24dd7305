/** What the variants of the Portable NIC Architecture share: numbers with types of their own, externs without a target's extras. */
import { identifiers } from "../identifiers.ts";

const identifier = (name: string, width: number, isConverted = true) =>
  ({ name, width, inHeader: Math.ceil(width / 8) * 8, isConverted }) as const;

const shared = [
  identifier("PortId", 32),
  identifier("InterfaceId", 32),
  identifier("MulticastGroup", 32),
  identifier("MirrorSessionId", 16),
  identifier("MirrorSlotId", 8, false),
  identifier("ClassOfService", 8),
  identifier("PacketLength", 16),
  identifier("MulticastInstance", 16),
  identifier("Timestamp", 64),
  identifier("FlowId", 32),
  identifier("ExpireTimeProfileId", 8),
  identifier("SecurityAssocId", 32, false),
];

const constants = `
typedef error ParserError_t;

const InterfaceId_t PNA_PORT_CPU = (InterfaceId_t) 0xfffffffd;
const MirrorSessionId_t PNA_MIRROR_SESSION_TO_CPU = (MirrorSessionId_t) 0;
`;

/** The numbers of PNA, and what is made of them. */
export const numbers = identifiers("pna", shared) + constants;

/** As above, with the number of a packet's pass. */
export const numbersWithPass =
  identifiers("pna", [...shared, identifier("PassNumber", 3)]) + constants;

/** Match kinds beyond those of the core library. */
export const matchKinds = `
match_kind {
    range,
    selector,
    optional
}
`;

/** Hashes and checksums. */
export const hashes = `
extern Hash<O> {
    Hash(PNA_HashAlgorithm_t algo);
    O get_hash<D>(in D data);
    /// base + (hash of data) % max
    O get_hash<T, D>(in T base, in D data, in T max);
}

extern Checksum<W> {
    Checksum(PNA_HashAlgorithm_t hash);
    void clear();
    void update<T>(in T data);
    W get();
}

/// The Internet checksum, also by difference (RFC 1624).
extern InternetChecksum {
    InternetChecksum();
    void clear();
    void add<T>(in T data);
    void subtract<T>(in T data);
    bit<16> get();
    bit<16> get_state();
    void set_state(in bit<16> checksum_state);
}

enum PNA_CounterType_t {
    PACKETS,
    BYTES,
    PACKETS_AND_BYTES
}

enum PNA_MeterType_t {
    PACKETS,
    BYTES
}

enum PNA_MeterColor_t {
    RED,
    GREEN,
    YELLOW
}
`;

/** Random numbers, profiles, selectors. */
export const choices = `
/// A number from min to max, both included.
extern Random<T> {
    Random(T min, T max);
    T read();
}

extern ActionProfile {
    ActionProfile(bit<32> size);
}

extern ActionSelector {
    ActionSelector(PNA_HashAlgorithm_t algo, bit<32> size, bit<32> outputWidth);
}
`;
