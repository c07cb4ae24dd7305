/** Numbers at random from a seed: the same seed gives the same numbers (splitmix64). */

/** Gives the next 64 bits. */
export type Random = () => bigint;

/** A source of random numbers. */
export function randomFrom(seed: bigint): Random {
  let state = BigInt.asUintN(64, seed);
  const mix = (value: bigint, shift: bigint, factor: bigint): bigint =>
    BigInt.asUintN(64, (value ^ (value >> shift)) * factor);
  return () => {
    state = BigInt.asUintN(64, state + 0x9e37_79b9_7f4a_7c15n);
    const mixed = mix(mix(state, 30n, 0xbf58_476d_1ce4_e5b9n), 27n, 0x94d0_49bb_1331_11ebn);
    return mixed ^ (mixed >> 31n);
  };
}

/** A number from first to last, both included; first when there is none. */
export function between(random: Random, first: bigint, last: bigint): bigint {
  if (last < first) return first;
  const count = last - first + 1n;
  return first + (((random() << 64n) | random()) % count);
}
