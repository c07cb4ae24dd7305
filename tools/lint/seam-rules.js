/** House lint rules: the few that no public rule covers. */

const QUANTITY = /(^|[a-z])(rate|bandwidth|timeout|size)$/i;

/** A number called `rate` or `timeout` must say its unit: in its type (`Mbps`) or in its name (`rateMbps`). */
const noBareUnit = {
  meta: {
    type: "problem",
    messages: { bare: "'{{name}}' is a bare number: use a unit type of @seam/base, such as Mbps." },
  },
  create(context) {
    const check = (name, annotation, node) => {
      if (annotation?.typeAnnotation?.type !== "TSNumberKeyword" || !QUANTITY.test(name)) return;
      context.report({ node, messageId: "bare", data: { name } });
    };
    return {
      TSPropertySignature: (node) => check(node.key.name ?? "", node.typeAnnotation, node),
      Identifier: (node) => check(node.name, node.typeAnnotation, node),
    };
  },
};

export default { meta: { name: "seam" }, rules: { "no-bare-unit": noBareUnit } };
