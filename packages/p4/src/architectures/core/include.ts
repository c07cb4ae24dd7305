/** The core library (specification 1.2.5, appendix D): what every program may use. */
export const core = String.raw`#ifndef _CORE_P4_
#define _CORE_P4_

/// What parsing can end with; programs and architectures add their own.
error {
    NoError,
    PacketTooShort,         /// fewer bits are left than are extracted
    NoMatch,                /// no case of a select matches
    StackOutOfBounds,       /// an element that a stack does not have
    HeaderTooShort,         /// more bits than a varbit field can hold
    ParserTimeout,          /// the parser took longer than it may
    ParserInvalidArgument   /// an argument that the target does not support
}

/// The packet that a parser reads.
extern packet_in {
    /// Reads a header of fixed size, makes it valid and goes on behind it.
    void extract<T>(out T hdr);
    /// Reads a header with one varbit field, which has the given number of bits.
    void extract<T>(out T variableSizeHeader, in bit<32> variableFieldSizeInBits);
    /// Reads without going on.
    T lookahead<T>();
    /// Leaves bits out.
    void advance(in bit<32> sizeInBits);
    /// The packet's length in bytes.
    bit<32> length();
}

/// The packet that a deparser writes.
extern packet_out {
    /// Appends a header when it is valid, or all valid headers of a stack, union or struct.
    void emit<T>(in T hdr);
}

/// Ends parsing with an error unless the condition holds.
extern void verify(in bool check, in error toSignal);

/// Does nothing.
@noWarn("unused")
action NoAction() {}

match_kind {
    exact,
    ternary,
    lpm
}

/// Judged when the program is compiled: a false condition is an error with the message.
extern bool static_assert(bool check, string message);
extern bool static_assert(bool check);

#endif
`;
