/** The extern functions and objects of v1model. */
import type { ExternNode } from "../../eval/instances.ts";
import { constructorSize, fieldsOf } from "../blocks.ts";
import { checksum, given, hashInto, numberAs, unsigned } from "../checksums.ts";
import { bytesOf, writerOf } from "../codec.ts";
import { csum16 } from "../hash.ts";
import { countersOf } from "../kept.ts";
import {
  asserted,
  counterMaker,
  digesting,
  effect,
  type Made,
  type Maker,
  metersFor,
  objectsBy,
  registersFor,
} from "../objects.ts";
import type { Compiler, ExternArgument, ExternFactory, Externs } from "../machine.ts";
import { verify } from "../packet-externs.ts";
import { between } from "../random.ts";
import { indexOf, nameOf, parts, scalarOf } from "../value.ts";
import { fieldList, type FieldPath, fieldsIn, type Requests } from "./requests.ts";
import type { Type } from "../../types/type.ts";

/** What functions of v1model act on: the packet that is being handled. */
export type Handled = {
  requests: Requests;
  readonly types: () => { readonly user: Type; readonly standard: Type };
  readonly payload: () => Uint8Array;
  /** Notes that a checksum is wrong. */
  readonly wrongChecksum: () => void;
  readonly dropAll: () => void;
};

/** The port that drops. */
export const DROP_PORT = 511;

const markToDrop =
  (handled: Handled): ExternFactory =>
  ({ arguments: [metadata] }) => {
    if (metadata === undefined) return effect(handled.dropAll);
    const { setter } = fieldsOf(metadata.type);
    const [setPort, setGroup] = [setter("egress_spec"), setter("mcast_grp")];
    return effect(() => {
      const standard = parts(metadata.get());
      setPort(standard, DROP_PORT);
      setGroup(standard, 0);
    });
  };

/** The fields that a call keeps: by a list's number, or by the data that old forms name. */
function keptFields(
  argument: ExternArgument | undefined,
  handled: Handled,
): () => readonly FieldPath[] {
  if (argument === undefined) return () => [];
  if (scalarOf(argument.type) === undefined) {
    const { expression } = argument;
    return () => fieldsIn(expression, handled.types());
  }
  return () => fieldList(handled.types().user, indexOf(argument.get()));
}

const cloning =
  (handled: Handled): ExternFactory =>
  (call) => {
    const [session, keep] = [given(call, 1), keptFields(call.arguments[2], handled)];
    return effect(() => {
      handled.requests.clone = { session: indexOf(session.get()), keep: keep() };
    });
  };

const again =
  (handled: Handled, kind: "resubmit" | "recirculate"): ExternFactory =>
  ({ arguments: [data] }) => {
    const keep = keptFields(data, handled);
    return effect(() => {
      handled.requests[kind] = keep();
    });
  };

const random: ExternFactory = (call) => {
  const [result, first, last] = [given(call, 0), given(call, 1), given(call, 2)];
  return effect(() =>
    result.set(numberAs(between(call.machine.random, unsigned(first), unsigned(last)), result)),
  );
};

/** A digest has the name of its type, as P4Info has it. */
const digest: ExternFactory = (call) => {
  const data = given(call, 1);
  return digesting(call, data, "name" in data.type ? data.type.name : "digest");
};

const noted: ExternFactory = ({ machine, arguments: [message] }) =>
  effect(() => machine.trace?.({ kind: "note", text: nameOf(message?.get()) }));

function functionsOf(handled: Handled): Externs["functions"] {
  const { payload, wrongChecksum: wrong } = handled;
  return {
    verify,
    mark_to_drop: markToDrop(handled),
    hash: hashInto,
    random,
    digest,
    verify_checksum: (call) => checksum(call, "verify", { wrong }),
    update_checksum: (call) => checksum(call, "update", { wrong }),
    verify_checksum_with_payload: (call) => checksum(call, "verify", { payload, wrong }),
    update_checksum_with_payload: (call) => checksum(call, "update", { payload, wrong }),
    clone: cloning(handled),
    clone3: cloning(handled),
    clone_preserving_field_list: cloning(handled),
    resubmit: again(handled, "resubmit"),
    resubmit_preserving_field_list: again(handled, "resubmit"),
    recirculate: again(handled, "recirculate"),
    recirculate_preserving_field_list: again(handled, "recirculate"),
    truncate: ({ arguments: [length] }) =>
      effect(() => {
        handled.requests.truncateBytes = indexOf(length?.get() ?? 0);
      }),
    assert: asserted,
    assume: asserted,
    log_msg: noted,
    static_assert: () => () => true,
  };
}

/** A direct counter counts whenever a row matches, whether the action calls it or not. */
const directCounter: Maker = (_, compiler) => {
  const counters = countersOf(Number.POSITIVE_INFINITY);
  return {
    counter: counters.control,
    matched: (row) => {
      if (row !== undefined) counters.count(row.handle, compiler.machine.packetBytes);
    },
    methods: { count: () => () => false },
  };
};

function meter(node: ExternNode, compiler: Compiler): Made {
  const { machine } = compiler;
  const meters = metersFor(node, constructorSize(node, "size", compiler), compiler);
  return {
    meter: meters.control,
    methods: {
      execute_meter: (call) => {
        const [index, result] = [given(call, 0), given(call, 1)];
        return effect(() => {
          const color = meters.color(indexOf(index.get()), machine.packetBytes);
          result.set(numberAs(BigInt(color), result));
        });
      },
    },
  };
}

/** A direct meter is executed whenever a row matches; `read` gives the colour that came out. */
function directMeter(node: ExternNode, compiler: Compiler): Made {
  const { machine } = compiler;
  const meters = metersFor(node, Number.POSITIVE_INFINITY, compiler);
  let color = 0;
  return {
    meter: meters.control,
    matched: (row) => {
      color = row === undefined ? 0 : meters.color(row.handle, machine.packetBytes);
    },
    methods: {
      read: ({ arguments: [result] }) => effect(() => result?.set(numberAs(BigInt(color), result))),
    },
  };
}

function register(node: ExternNode, compiler: Compiler): Made {
  const registers = registersFor(node, compiler);
  return {
    register: registers.control,
    methods: {
      read: (call) => {
        const [result, index] = [given(call, 0), given(call, 1)];
        return effect(() => result.set(registers.get(indexOf(index.get()))));
      },
      write: (call) => {
        const [index, value] = [given(call, 0), given(call, 1)];
        return effect(() => registers.set(indexOf(index.get()), value.get()));
      },
    },
  };
}

const checksum16: Maker = () => ({
  methods: {
    get: (call) => {
      const data = given(call, 0);
      const write = writerOf(data.type);
      return () => csum16(bytesOf(write, data.get()));
    },
  },
});

const makers: ReadonlyMap<string, Maker> = new Map<string, Maker>([
  ["counter", counterMaker("size")],
  ["direct_counter", directCounter],
  ["meter", meter],
  ["direct_meter", directMeter],
  ["register", register],
  ["Checksum16", checksum16],
]);

/** What v1model adds to the language, for the packet that is being handled. */
export const v1modelExterns = (handled: Handled): Externs => ({
  functions: functionsOf(handled),
  create: objectsBy(makers),
});
