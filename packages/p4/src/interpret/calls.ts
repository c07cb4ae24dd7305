/**
 * Calls (specification 1.2.5, sections 6.8 and 12): arguments are evaluated in the order they are written in and copied in; when the call
 * ends, also by `exit` or a parser's error, what is `out` or `inout` is copied out in the order of the parameters.
 */
import { exhaustive, invariant } from "@seam/base";
import type { Action, FunctionDeclaration, Parameter } from "../ir/declaration.ts";
import type { Argument, CallExpr, Expr } from "../ir/expression.ts";
import { bitsNow } from "./codec.ts";
import { kept } from "./expressions.ts";
import type {
  ActionWithData,
  Cell,
  Compiler,
  ExternArgument,
  ExternFactory,
  ExternObject,
  Place,
  Run,
  Store,
} from "./machine.ts";
import { packetIn, packetOut } from "./packet-externs.ts";
import { isFixed, reference, validity } from "./places.ts";
import { Fault } from "./signals.ts";
import { copy, initial, numberOf, parts, scalarOf, type Value } from "./value.ts";

/** How one argument goes in and out; `in` is called in the order of the arguments, before anything is put into the callee. */
type Passing = {
  readonly cell: Cell;
  readonly take: () => Value;
  readonly give?: () => void;
};

const nowhere: Store = () => undefined;

/** An argument that is copied out: its place is found when the arguments are evaluated. */
function outPassing(
  { parameter, value }: { readonly parameter: Parameter; readonly value: Expr },
  cell: Cell,
  compiler: Compiler,
): Passing {
  const isIn = parameter.direction === "inout";
  if (isFixed(value)) {
    const [get, set] = [compiler.expression(value), compiler.store(value)];
    return {
      cell,
      take: isIn ? () => copy(get()) : () => initial(parameter.type),
      give: () => set(cell.value),
    };
  }
  const find = compiler.place(value);
  let place: Place = { get: () => 0, set: nowhere };
  return {
    cell,
    take: () => {
      place = find();
      return isIn ? copy(place.get()) : initial(parameter.type);
    },
    give: () => place.set(cell.value),
  };
}

function passing({ parameter, value }: Argument, cell: Cell, compiler: Compiler): Passing {
  if (value === undefined) return { cell, take: () => initial(parameter.type) };
  if (parameter.direction === "out" || parameter.direction === "inout") {
    return outPassing({ parameter, value }, cell, compiler);
  }
  return { cell, take: kept(value, compiler) };
}

/** A call of something that has cells for its parameters; those that no argument is given for come last, with their default values. */
function passed(
  passings: readonly Passing[],
  order: readonly number[],
  body: () => void,
): () => void {
  const omitted = passings.filter((_, index) => !order.includes(index));
  const ordered = [...order.flatMap((index) => passings[index] ?? []), ...omitted];
  const given = passings.flatMap(({ give }) => give ?? []);
  const enter =
    ordered.length === 1 && ordered[0] !== undefined ? enterOne(ordered[0]) : enterAll(ordered);
  if (given.length === 0) {
    return () => {
      enter();
      body();
    };
  }
  return () => {
    enter();
    try {
      body();
    } finally {
      for (const give of given) give();
    }
  };
}

const enterOne =
  ({ cell, take }: Passing): (() => void) =>
  () => {
    cell.value = take();
  };

function enterAll(passings: readonly Passing[]): () => void {
  const values: Value[] = passings.map(() => 0);
  const takes = passings.map(({ take }) => take);
  const cells = passings.map(({ cell }) => cell);
  return () => {
    for (let index = 0; index < takes.length; index += 1) values[index] = takes[index]?.() ?? 0;
    for (let index = 0; index < cells.length; index += 1) {
      const cell = cells[index];
      if (cell !== undefined) cell.value = values[index] ?? 0;
    }
  };
}

/** The body of a function or action. */
function bodyOf(declaration: FunctionDeclaration | Action, compiler: Compiler): () => void {
  const steps = declaration.body.statements.map((statement) => compiler.statement(statement));
  return () => {
    for (const step of steps) if (step() === 1) return;
  };
}

/** Bodies are prepared once for an instance. */
const bodies = new WeakMap<Compiler, Map<number, () => void>>();

function preparedBody(declaration: FunctionDeclaration | Action, compiler: Compiler): () => void {
  const known = bodies.get(compiler) ?? new Map<number, () => void>();
  bodies.set(compiler, known);
  const body = known.get(declaration.id) ?? bodyOf(declaration, compiler);
  known.set(declaration.id, body);
  return body;
}

/**
 * A call of an action: arguments that the program binds, and values of the control plane for the parameters that are left, in their
 * order.
 */
export function actionCall(bound: ActionWithData, compiler: Compiler): () => void {
  const { action } = bound;
  let data = 0;
  const passings = action.parameters.map((parameter): Passing => {
    const given = bound.arguments.find((each) => each.parameter.id === parameter.id);
    const cell = compiler.cell(parameter);
    if (given !== undefined) return passing(given, cell, compiler);
    const value = bound.data[data] ?? initial(parameter.type);
    data += 1;
    return { cell, take: () => value };
  });
  return passed(passings, [...passings.keys()], preparedBody(action, compiler));
}

function declaredCall(
  declaration: FunctionDeclaration | Action,
  call: CallExpr,
  compiler: Compiler,
): Run {
  const passings = declaration.parameters.map((parameter, index) =>
    passing({ ...call.arguments[index], parameter }, compiler.cell(parameter), compiler),
  );
  const run = passed(passings, call.order, preparedBody(declaration, compiler));
  const { returned } = compiler;
  return () => {
    run();
    return returned.value;
  };
}

/** An apply of a parser or control that is declared in this one. */
function blockCall(of: Expr, call: CallExpr, compiler: Compiler): Run {
  const child = compiler.child(of);
  const passings = call.arguments.map((argument, index) => {
    const cell = child.cells[index];
    invariant(cell !== undefined, "an apply has more arguments than parameters");
    return passing(argument, cell, compiler);
  });
  const run = passed(passings, call.order, child.run);
  return () => {
    run();
    return false;
  };
}

function externArgument({ parameter, value }: Argument, compiler: Compiler): ExternArgument {
  const type = value?.type ?? parameter.type;
  if (value === undefined) {
    return { get: () => initial(type), set: nowhere, type, expression: undefined };
  }
  const isOut = parameter.direction === "out" || parameter.direction === "inout";
  const set = isOut ? compiler.store(value) : nowhere;
  return { get: compiler.expression(value), set, type, expression: value };
}

const externCall = (factory: ExternFactory, call: CallExpr, compiler: Compiler): Run =>
  factory({
    machine: compiler.machine,
    arguments: call.arguments.map((argument) => externArgument(argument, compiler)),
    typeArguments: call.typeArguments,
    result: call.type,
    compiler,
  });

function methodsOf(of: Expr, compiler: Compiler): ExternObject["methods"] {
  if (of.type.kind === "extern" && of.type.name === "packet_in") return packetIn;
  if (of.type.kind === "extern" && of.type.name === "packet_out") return packetOut;
  return compiler.object(of)?.methods ?? {};
}

function unknown(what: string): Run {
  throw new Fault(`the simulator has no ${what}`);
}

function externMethod(of: Expr, call: CallExpr, compiler: Compiler): Run {
  const { callee } = call;
  invariant(callee.kind === "method", "a method is called");
  const factory = methodsOf(of, compiler)[callee.method.name];
  if (factory !== undefined) return externCall(factory, call, compiler);
  const type = of.type.kind === "extern" ? of.type.name : of.type.kind;
  return unknown(`method ${type}.${callee.method.name}`);
}

/** Methods of headers and unions (section 8.17). */
function headerCall(of: Expr, call: CallExpr, compiler: Compiler): Run {
  const { callee } = call;
  invariant(callee.kind === "header", "a header's method is called");
  const run = compiler.expression(of);
  const whole = reference(run);
  // Varbits count as long as they are.
  const bits = (): number => bitsNow(run(), of.type);
  const number = (value: number): Value =>
    numberOf(BigInt(value), scalarOf(call.type) ?? { width: 32, isSigned: false });
  switch (callee.method) {
    case "isValid":
      if (of.type.kind === "header_union") {
        return () => whole().parts.some((part) => parts(part).isValid);
      }
      return () => whole().isValid;
    case "setValid": {
      const after = validity(of, compiler);
      return () => {
        whole().isValid = true;
        after?.();
        return false;
      };
    }
    case "setInvalid":
      return () => {
        whole().isValid = false;
        return false;
      };
    case "minSizeInBits":
    case "maxSizeInBits":
      return () => number(bits());
    case "minSizeInBytes":
    case "maxSizeInBytes":
      return () => number(Math.ceil(bits() / 8));
  }
}

/** `push_front` and `pop_front` (section 8.18): what is new is invalid, and `nextIndex` goes along. */
function stackCall(of: Expr, call: CallExpr, compiler: Compiler): Run {
  const { callee } = call;
  invariant(callee.kind === "stack" && of.type.kind === "stack", "a stack's method is called");
  const { element } = of.type;
  const [argument] = call.arguments;
  const count = argument?.value === undefined ? 1 : Number(compiler.constant(argument.value));
  const stack = reference(compiler.expression(of));
  const fresh = (): Value[] => Array.from({ length: count }, () => initial(element));
  if (callee.method === "push_front") {
    return () => {
      const now = stack();
      now.parts.unshift(...fresh());
      now.parts.length -= count;
      now.next = Math.min(now.parts.length, now.next + count);
      return false;
    };
  }
  return () => {
    const now = stack();
    now.parts.push(...fresh());
    now.parts.splice(0, count);
    now.next = Math.max(0, now.next - count);
    return false;
  };
}

/** The function of a call. */
export function compileCall(call: CallExpr, compiler: Compiler): Run {
  const { callee } = call;
  switch (callee.kind) {
    case "function":
      return declaredCall(callee.function, call, compiler);
    case "action":
      return declaredCall(callee.action, call, compiler);
    case "extern function": {
      const factory = compiler.externs.functions[callee.function.name];
      if (factory === undefined) return unknown(`function ${callee.function.name}`);
      return externCall(factory, call, compiler);
    }
    case "method":
      return externMethod(callee.of, call, compiler);
    case "table": {
      const table = compiler.table(callee.table);
      return () => {
        table.apply();
        return false;
      };
    }
    case "apply":
      return blockCall(callee.of, call, compiler);
    case "header":
      return headerCall(callee.of, call, compiler);
    case "stack":
      return stackCall(callee.of, call, compiler);
    default:
      return exhaustive(callee);
  }
}
