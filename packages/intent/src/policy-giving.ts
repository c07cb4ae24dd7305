/** Which policies give peers something, for who counts packets by policy; asked seldom, and kept nowhere. */
import { ANY, type PeerClass } from "@seam/state";
import type { Family } from "@seam/base";

import type { Condition, Peer, Rule } from "./policy-model.ts";
import type { Term, Token } from "./policy-terms.ts";

/** A policy with its rules for a direction. */
type Concerned = { readonly key: string; readonly rules: readonly Rule[] };

/** What is known of the addresses of a class. */
type Peers = { readonly family: Family; readonly tokens: readonly Token[] };

/** Keys of the policies with a rule that lets addresses of the class pass, or on; `terms` are those of all their rules. */
export function givingTo(
  peers: PeerClass,
  concerned: readonly Concerned[],
  terms: Iterable<Term>,
): readonly string[] {
  const known = peersOf(peers, terms);
  if (known === null) return [];
  return concerned
    .filter(({ rules }) => rules.some((rule) => isAbout(rule, known)))
    .map(({ key }) => key);
}

function peersOf(peers: PeerClass, terms: Iterable<Term>): Peers | null {
  if (peers === ANY.ipv4) return { family: "ipv4", tokens: [] };
  if (peers === ANY.ipv6) return { family: "ipv6", tokens: [] };
  for (const { classes } of terms)
    for (const each of classes) if (each.number === peers) return each;
  return null;
}

const isAbout = ({ action, families, peers }: Rule, known: Peers): boolean =>
  (action === "accept" || action === "pass") &&
  families.includes(known.family) &&
  (peers === null || peers.some((peer) => isMet(peer, known)));

const isMet = (peer: Peer | Condition, known: Peers): boolean =>
  "all" in peer
    ? peer.all.every((each) => means(each, known)) && !peer.none.some((each) => means(each, known))
    : means(peer, known);

const means = (peer: Peer, { family, tokens }: Peers): boolean =>
  isEverything(peer, family) ||
  tokens.some(({ term }) => term.peer?.kind === peer.kind && term.peer.text === peer.text);

const isEverything = (peer: Peer, family: Family): boolean =>
  peer.kind === "block" &&
  peer.cidr.length === 0 &&
  peer.except.length === 0 &&
  peer.cidr.address.family === family;
