/** Which of several host endpoints for one interface counts, as far as their objects tell (projectcalico.org/v3, HostEndpoint; decision 22). Pure. */
import { formatAddress } from "@seam/base";
import type { HostEndpoint } from "@seam/intent";

import type { ObservedClusterPolicy } from "./observed.ts";

/** An endpoint by its name. */
export type NamedEndpoint = { readonly name: string; readonly endpoint: HostEndpoint };

/** The endpoint of a HostEndpoint object that is for an interface. */
export const namedEndpoint = ({
  identity,
  endpoint,
}: ObservedClusterPolicy): NamedEndpoint | null =>
  endpoint === null ? null : { name: identity.name, endpoint };

/** Why an endpoint is not in force, and what to do; null: no other one of its node counts before it. */
export function conflictOf(own: NamedEndpoint, all: Iterable<NamedEndpoint>): string | null {
  const others = [...all].filter(
    ({ name, endpoint }) => name !== own.name && endpoint.node === own.endpoint.node,
  );
  const { interface: link } = own.endpoint;
  return link === null ? byAddress(own, others) : byInterface({ ...own, link }, others);
}

function byInterface(
  { name, endpoint: { node }, link }: NamedEndpoint & { readonly link: string },
  others: readonly NamedEndpoint[],
): string | null {
  const [first] = others
    .filter((other) => other.endpoint.interface === link && other.name < name)
    .toSorted(byName);
  const what = link === "*" ? "all other interfaces" : link;
  return first === undefined
    ? null
    : `spec.interfaceName: HostEndpoint ${first.name} is for ${what} of ${node} too, and the first by name counts; delete one of the two, or name another interface`;
}

/** Of two that have an address, the one that names its interface counts, else the first by name. */
function byAddress(
  { name, endpoint: { node, expectedIPs } }: NamedEndpoint,
  others: readonly NamedEndpoint[],
): string | null {
  const rivals = others
    .filter(({ name: other, endpoint }) =>
      endpoint.interface === null ? other < name : endpoint.interface !== "*",
    )
    .toSorted(byName);
  const found = expectedIPs.flatMap((address) => {
    const text = formatAddress(address);
    const rival = rivals.find(({ endpoint }) =>
      endpoint.expectedIPs.some((each) => formatAddress(each) === text),
    );
    return rival === undefined ? [] : [`HostEndpoint ${rival.name} has ${text} of ${node} too`];
  });
  return found.length === 0
    ? null
    : `spec.expectedIPs: ${found.join(", ")}, and one that names an interface counts, else the first by name; delete one of the two, or name the interface`;
}

const byName = (one: NamedEndpoint, other: NamedEndpoint): number =>
  one.name < other.name ? -1 : 1;
