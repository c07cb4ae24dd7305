/** Random programs made from the grammar, for properties: syntactically right, and with all names of types declared. */
import fc from "fast-check";

const name = fc.constantFrom("alpha", "beta", "gamma", "key", "state", "type", "priority", "apply");
const typeName = fc.constantFrom("T0", "T1", "H0", "S0");
const joined = (parts: fc.Arbitrary<string>, separator: string, least = 0): fc.Arbitrary<string> =>
  fc.array(parts, { minLength: least, maxLength: 3 }).map((list) => list.join(separator));

const number = fc.oneof(
  fc.nat(300).map(String),
  fc.constantFrom("8w255", "16s0x7f", "4w0b1010", "0o17", "1_000", "32w0"),
);

const { type } = fc.letrec<{ type: string }>((tie) => ({
  type: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom(
      "bool",
      "error",
      "bit",
      "int",
      "bit<8>",
      "int<16>",
      "varbit<320>",
      "bit<(4 + 4)>",
    ),
    typeName,
    fc.constant(".T0"),
    tie("type").map((inner) => `G0<${inner}>`),
    fc.tuple(tie("type"), tie("type")).map(([a, b]) => `tuple<${a}, ${b}>`),
    tie("type").map((inner) => `list<${inner}>`),
    typeName.map((inner) => `${inner}[4]`),
  ),
}));

const operators = "|| && == != < > <= >= | ^ & << >> ++ + - |+| |-| * / %".split(" ");

const { expression } = fc.letrec<{ expression: string; argument: string }>((tie) => ({
  argument: fc.oneof(
    tie("expression"),
    fc.constant("_"),
    fc.tuple(name, tie("expression")).map(([label, value]) => `${label} = ${value}`),
  ),
  expression: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    number,
    name,
    name.map((each) => `.${each}`),
    fc.constantFrom("true", "false", "this", "{#}", '"text"', "error.NoMatch", "{}"),
    fc
      .tuple(tie("expression"), fc.constantFrom(...operators), tie("expression"))
      .map(([left, operator, right]) => `(${left}) ${operator} (${right})`),
    fc
      .tuple(tie("expression"), fc.constantFrom(...operators), name)
      .map(([left, operator, right]) => `${left} ${operator} ${right}`),
    fc
      .tuple(fc.constantFrom("-", "+", "!", "~"), tie("expression"))
      .map(([sign, operand]) => `${sign} ${operand}`),
    fc.tuple(type, tie("expression")).map(([to, operand]) => `(${to}) (${operand})`),
    fc
      .tuple(tie("expression"), tie("expression"), tie("expression"))
      .map(([condition, yes, no]) => `(${condition}) ? ${yes} : (${no})`),
    fc.tuple(name, tie("expression")).map(([of, index]) => `${of}[${index}]`),
    fc
      .tuple(name, tie("expression"), tie("expression"))
      .map(([of, a, b]) => `${of}[(${a}):(${b})]`),
    fc.tuple(name, tie("expression")).map(([of, low]) => `${of}[(${low})+:8]`),
    fc.tuple(name, joined(tie("argument"), ", ")).map(([callee, list]) => `${callee}(${list})`),
    fc.tuple(name, type, tie("expression")).map(([of, of2, x]) => `${of}.get<${of2}>(${x})`),
    joined(tie("expression"), ", ", 1).map((list) => `{ ${list} }`),
    joined(
      fc.tuple(name, tie("expression")).map(([label, value]) => `${label} = ${value}`),
      ", ",
      1,
    ).map((list) => `{ ${list}, ... }`),
  ),
}));

const annotation = fc.oneof(
  fc.constant(""),
  fc.constantFrom(
    "@hidden ",
    '@name("x") ',
    "@tokens(a (b) < 3) ",
    "@named[a = 1] ",
    "@values[1, 2] ",
  ),
);

const assignment = fc
  .tuple(name, fc.constantFrom("=", "+=", "|+|=", "<<=", ">>=", "^="), expression)
  .map(([target, operator, value]) => `${target} ${operator} ${value}`);

const call = fc.tuple(name, expression).map(([callee, value]) => `${callee}.run(${value})`);
const variable = fc
  .tuple(type, name, expression)
  .map(([of, to, value]) => `${of} ${to} = ${value}`);

const { block } = fc.letrec<{ statement: string; block: string }>((tie) => ({
  block: joined(tie("statement"), " ").map((list) => `{ ${list} }`),
  statement: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    assignment.map((each) => `${each};`),
    call.map((each) => `${each};`),
    fc.tuple(annotation, variable).map(([before, each]) => `${before}${each};`),
    fc.tuple(type, name, expression).map(([of, to, value]) => `const ${of} ${to} = ${value};`),
    fc.constantFrom(";", "return;", "exit;", "break;", "continue;"),
    fc.tuple(annotation, tie("block")).map(([before, each]) => `${before}${each}`),
    fc
      .tuple(expression, tie("block"), tie("block"))
      .map(([condition, yes, no]) => `if (${condition}) ${yes} else ${no}`),
    fc.tuple(expression, assignment).map(([condition, yes]) => `{ if (${condition}) ${yes}; }`),
    fc
      .tuple(variable, expression, assignment, tie("block"))
      .map(([init, condition, update, body]) => `for (${init}; ${condition}; ${update}) ${body}`),
    fc
      .tuple(type, name, expression, tie("block"))
      .map(([of, to, list, body]) => `for (${of} ${to} in (${list}) .. 9) ${body}`),
    fc
      .tuple(expression, number, tie("block"))
      .map(([subject, label, body]) => `switch (${subject}) { ${label}: default: ${body} }`),
  ),
}));

const parameters = joined(
  fc
    .tuple(annotation, fc.constantFrom("in ", "out ", "inout ", ""), type, name)
    .map((parts) =>
      parts.join("").replace(/(\S)(alpha|beta|gamma|key|state|type|priority|apply)$/, "$1 $2"),
    ),
  ", ",
);

const keyset = fc.oneof(
  expression.map((each) => `(${each}) + 0`),
  fc.constantFrom("_", "default", "1 &&& 3", "1 .. 3", "(1, _)", "(1 &&& 2, 3 .. 4, default)"),
);

const table = fc
  .tuple(annotation, expression, keyset, number, expression)
  .map(
    ([before, key, entry, priority, size]) =>
      `${before}table t { key = { ${key}: exact @name("k"); } actions = { @defaultonly a; .b(1); } ` +
      `const entries = { const priority = ${priority}: ${entry}: a(1); } size = ${size}; const default_action = a(); }`,
  );

const state = fc
  .tuple(annotation, assignment, expression, keyset)
  .map(
    ([before, first, key, each]) =>
      `${before}state start { ${first}; transition select(${key}, 1) { ${each}: accept; } }`,
  );

const declaration = fc.oneof(
  fc.tuple(annotation, type, expression).map(([b, t, v]) => `${b}const ${t} alpha = ${v};`),
  fc
    .tuple(annotation, type, type)
    .map(([b, t, u]) => `${b}struct S1<A> { ${t} beta; ${b}${u} key; }`),
  fc.tuple(type, annotation).map(([t, b]) => `${b}header H1 { ${t} beta; }`),
  number.map((value) => `enum bit<8> E1 { one = ${value}, two = ${value}, }`),
  type.map((t) => `typedef ${t} T2; type ${t} T3;`),
  fc
    .tuple(type, parameters)
    .map(([t, p]) => `extern E2<A> { E2(); abstract ${t} alpha<B>(${p}); }`),
  fc.tuple(type, parameters).map(([t, p]) => `extern ${t} beta<A>(${p});`),
  fc.tuple(annotation, type, parameters, block).map(([a, t, p, b]) => `${a}${t} gamma(${p}) ${b}`),
  fc.tuple(annotation, parameters, block).map(([a, p, b]) => `${a}action alpha(${p}) ${b}`),
  fc
    .tuple(parameters, table, variable, block)
    .map(([p, t, v, b]) => `control C1(${p})(${p}) { ${v}; ${t} apply ${b} }`),
  fc.tuple(parameters, variable, state).map(([p, v, s]) => `parser P1(${p}) { ${v}; ${s} }`),
  fc
    .tuple(parameters, type)
    .map(([p, t]) => `package K1<A>(${p}); control C2<A>(${p}); G0<${t}>() alpha;`),
);

const PREFIX =
  "typedef bit<8> T0; typedef bit<8> T1; header H0 {} struct S0 {} struct G0<A> {} struct G1<A, B> {} ";

/** The text of a program. */
export const randomProgram: fc.Arbitrary<string> = joined(declaration, "\n").map(
  (text) => PREFIX + text,
);
