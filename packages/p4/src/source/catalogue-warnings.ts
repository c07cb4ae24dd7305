/**
 * Warnings about programs without errors (7xx). Each has a kind, by which `@noWarn` silences it; kinds are named as p4c names
 * them. See `catalogue.ts`.
 */
export const warningCatalogue = {
  P701: {
    severity: "warning",
    kind: "unused",
    message: "{what} {name} is never used",
  },
  P702: {
    severity: "warning",
    kind: "shadow",
    message: "{what} {name} hides {hidden} of this name",
    hint: "Give one of them another name.",
  },

  // What is never reached.
  P710: { severity: "warning", kind: "unreachable", message: "this is never reached" },
  P711: { severity: "warning", kind: "unreachable", message: "state {name} is never reached" },
  P712: { severity: "warning", kind: "unreachable", message: "parser {name} never accepts" },
  P713: { severity: "warning", kind: "unreachable", message: "this case is never taken" },
  P714: { severity: "warning", kind: "unreachable", message: "this entry never matches" },

  // Parsers.
  P720: {
    severity: "warning",
    kind: "parser-transition",
    message: "state {name} has no transition and rejects",
    hint: "Write transition reject when that is meant.",
  },
  P721: {
    severity: "warning",
    kind: "parser-transition",
    message: "a loop that takes nothing from the packet and never ends: {names}",
    hint: "Extract or advance in one of these states, or leave them.",
  },
  P722: {
    severity: "warning",
    kind: "missing",
    message: "no case takes {example}, which ends with error NoMatch",
    hint: "Add default: reject when that is meant, or the cases that are missing.",
  },
  P723: {
    severity: "warning",
    kind: "missing",
    message: "no case for {names}",
    hint: "Add the cases, or a default.",
  },

  // Values that nobody set.
  P730: {
    severity: "warning",
    kind: "uninitialized_use",
    message: "{name} is read, and nothing has set it",
  },
  P731: {
    severity: "warning",
    kind: "uninitialized_use",
    message: "{name} may be read before anything sets it",
  },
  P732: {
    severity: "warning",
    kind: "uninitialized_out_param",
    message: "out parameter {name} is never set",
  },
  P733: {
    severity: "warning",
    kind: "invalid_header",
    message: "field {name} of a header that is not valid here",
    hint: "Make the header valid first: extract it, or call setValid().",
  },

  // Values that cannot be.
  P740: { severity: "warning", kind: "mismatch", message: "this is always {result}" },
  P741: {
    severity: "warning",
    kind: "mismatch",
    message: "{value} has bits that mask {mask} leaves out",
    hint: "They are not looked at; {masked} means the same.",
  },
  P742: {
    severity: "warning",
    kind: "mismatch",
    message: "the range from {first} to {last} holds nothing",
    hint: "A range goes from its least to its greatest value.",
  },

  // Entries.
  P750: {
    severity: "warning",
    kind: "duplicate_priorities",
    message: "two entries of priority {priority} match the same keys",
    hint: "Which of them wins is not said; give them different priorities.",
  },
  P751: {
    severity: "warning",
    kind: "entries_out_of_priority_order",
    message: "this entry wins over the one before it",
    hint: "Put entries in the order of their priorities.",
  },
} as const;
