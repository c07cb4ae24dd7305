/** Calls (sections 6.8 and 12): arguments in, in the order they are written in; and out in the order of the parameters, however the call ends. */
import { exhaustive, invariant } from "@seam/base";
import type { Action, FunctionDeclaration } from "../../ir/declaration.ts";
import type { Argument, CallExpr, Expr } from "../../ir/expression.ts";
import type { Type } from "../../types/type.ts";
import type {
  ActionWithData,
  Cell,
  ExternArgument,
  ExternFactory,
  Place,
  Run,
} from "../machine.ts";
import { Fault } from "../signals.ts";
import { copy, initial, numberOf, parts, scalarOf, shapeOf, type Value } from "../value.ts";
import { partType } from "./expressions.ts";
import { emit, packetInCall } from "./packets.ts";
import { onlyOne } from "./places.ts";
import { runAll } from "./statements.ts";
import type { Walker } from "./walker.ts";

/** An argument that was evaluated: what goes in, and where something comes out. */
type Given = { readonly value: Value; readonly place?: Place };

function evaluated({ parameter, value }: Argument, walker: Walker): Given {
  const { direction, type } = parameter;
  if (value === undefined) return { value: initial(type) };
  if (direction === "in" || direction === "none") return { value: copy(walker.value(value)) };
  const place = walker.place(value);
  return { value: direction === "inout" ? copy(place.get()) : initial(type), place };
}

/** Evaluates arguments in their order, puts them into cells, runs something, and copies out. */
function passing(
  call: { readonly arguments: readonly Argument[]; readonly order: readonly number[] },
  cells: readonly Cell[],
  walker: Walker,
): (body: () => Value) => Value {
  return (body) => {
    const given = new Map<number, Given>();
    const omitted = [...call.arguments.keys()].filter((index) => !call.order.includes(index));
    // Parameters that no argument is given for get their default values, last.
    for (const index of [...call.order, ...omitted]) {
      const argument = call.arguments[index];
      if (argument !== undefined) given.set(index, evaluated(argument, walker));
    }
    for (const [index, { value }] of given) {
      const cell = cells[index];
      if (cell !== undefined) cell.value = value;
    }
    try {
      return body();
    } finally {
      cells.forEach((cell, index) => given.get(index)?.place?.set(copy(cell.value)));
    }
  };
}

/** The body of a function or action; the value is what is returned. */
function bodyOf({ body }: FunctionDeclaration | Action, walker: Walker): Value {
  const ending = runAll(body.statements, walker);
  return ending.kind === "return" ? (ending.value ?? false) : false;
}

function declaredCall(
  declaration: FunctionDeclaration | Action,
  call: CallExpr,
  walker: Walker,
): Value {
  const cells = declaration.parameters.map((parameter) => walker.cell(parameter));
  const given = declaration.parameters.map((parameter, index) => ({
    ...call.arguments[index],
    parameter,
  }));
  const pass = passing({ arguments: given, order: call.order }, cells, walker);
  return pass(() => bodyOf(declaration, walker));
}

/** Runs an action with values of the control plane for the parameters that the program does not bind. */
export function runAction(
  { action, arguments: bound, data }: ActionWithData,
  walker: Walker,
): void {
  const ofProgram = action.parameters.flatMap(
    (parameter) => bound.find((each) => each.parameter.id === parameter.id) ?? [],
  );
  const ofControlPlane = action.parameters.filter(({ id }) =>
    ofProgram.every(({ parameter }) => parameter.id !== id),
  );
  ofControlPlane.forEach((parameter, index) => {
    walker.cell(parameter).value = data[index] ?? initial(parameter.type);
  });
  const cells = ofProgram.map(({ parameter }) => walker.cell(parameter));
  const order = [...ofProgram.keys()];
  passing({ arguments: ofProgram, order }, cells, walker)(() => bodyOf(action, walker));
}

function blockCall(of: Expr, call: CallExpr, walker: Walker): Value {
  const child = walker.child(of);
  return passing(
    call,
    child.cells,
    walker,
  )(() => {
    child.run();
    return false;
  });
}

function externArgument({ parameter, value }: Argument, walker: Walker): ExternArgument {
  const type = value?.type ?? parameter.type;
  if (value === undefined) {
    return { get: () => initial(type), set: () => undefined, type, expression: undefined };
  }
  const isOut = parameter.direction === "out" || parameter.direction === "inout";
  return {
    get: () => walker.value(value),
    set: (fresh) => {
      if (isOut) walker.place(value).set(fresh);
    },
    type,
    expression: value,
  };
}

/** A call of what the architecture brings. */
function externCall(factory: ExternFactory | undefined, call: CallExpr, walker: Walker): Value {
  const known = walker.externCalls.get(call);
  if (known !== undefined) return known();
  const { callee } = call;
  if (factory === undefined) {
    const isMethod = callee.kind === "method";
    const name = isMethod ? callee.method.name : callee.kind;
    throw new Fault(`the simulator has no ${name}`);
  }
  const run: Run = factory({
    machine: walker.machine,
    arguments: call.arguments.map((argument) => externArgument(argument, walker)),
    typeArguments: call.typeArguments,
    result: call.type,
    compiler: walker.compiler(),
  });
  walker.externCalls.set(call, run);
  return run();
}

function method(of: Expr, call: CallExpr, walker: Walker): Value {
  const { callee } = call;
  invariant(callee.kind === "method", "a method is called");
  const { name } = callee.method;
  const extern = of.type.kind === "extern" ? of.type.name : "";
  if (extern === "packet_in") return packetInCall(name, call, walker);
  if (extern === "packet_out") return emit(call.arguments[0]?.value, walker);
  return externCall(walker.object(of)?.methods[name], call, walker);
}

/** How many bits a value has now, varbits as long as they are. */
function bitsNow(value: Value, type: Type): number {
  if (typeof value !== "object")
    return scalarOf(type)?.width ?? (typeof value === "boolean" ? 1 : 0);
  if (value.kind === "varbit") return value.bits;
  return value.parts.reduce<number>(
    (sum, part, index) => sum + bitsNow(part, partType(type, index)),
    0,
  );
}

/** Methods of headers and unions (section 8.17). */
function headerCall(of: Expr, call: CallExpr, walker: Walker): Value {
  const { callee } = call;
  invariant(callee.kind === "header", "a header's method is called");
  const header = parts(walker.value(of));
  const size = (unit: number): Value =>
    numberOf(
      BigInt(Math.ceil(bitsNow(header, of.type) / unit)),
      scalarOf(call.type) ?? { width: 32, isSigned: false },
    );
  switch (callee.method) {
    case "isValid": {
      const shape = shapeOf(of.type);
      const isUnion = shape.kind === "parts" && shape.of === "union";
      return isUnion ? header.parts.some((part) => parts(part).isValid) : header.isValid;
    }
    case "setValid":
      header.isValid = true;
      if (of.kind === "field" && of.of.type.kind === "header_union") {
        onlyOne(parts(walker.value(of.of)), of.index);
      }
      return false;
    case "setInvalid":
      header.isValid = false;
      return false;
    case "minSizeInBits":
    case "maxSizeInBits":
      return size(1);
    case "minSizeInBytes":
    case "maxSizeInBytes":
      return size(8);
  }
}

/** `push_front` and `pop_front` (section 8.18), an element at a time. */
function stackCall(of: Expr, call: CallExpr, walker: Walker): Value {
  const { callee } = call;
  invariant(callee.kind === "stack" && of.type.kind === "stack", "a stack's method is called");
  const [argument] = call.arguments;
  const count = argument?.value === undefined ? 1 : Number(walker.value(argument.value));
  const stack = parts(walker.value(of));
  for (let moved = 0; moved < count; moved += 1) {
    if (callee.method === "push_front") {
      stack.parts.pop();
      stack.parts.unshift(initial(of.type.element));
      stack.next = Math.min(stack.next + 1, stack.parts.length);
    } else {
      stack.parts.shift();
      stack.parts.push(initial(of.type.element));
      stack.next = Math.max(stack.next - 1, 0);
    }
  }
  return false;
}

/** Makes a call; the value is the result. */
export function makeCall(call: CallExpr, walker: Walker): Value {
  const { callee } = call;
  switch (callee.kind) {
    case "function":
      return declaredCall(callee.function, call, walker);
    case "action":
      return declaredCall(callee.action, call, walker);
    case "extern function":
      return externCall(walker.externs.functions[callee.function.name], call, walker);
    case "method":
      return method(callee.of, call, walker);
    case "table":
      walker.table(callee.table).apply();
      return false;
    case "apply":
      return blockCall(callee.of, call, walker);
    case "header":
      return headerCall(callee.of, call, walker);
    case "stack":
      return stackCall(callee.of, call, walker);
    default:
      return exhaustive(callee);
  }
}
