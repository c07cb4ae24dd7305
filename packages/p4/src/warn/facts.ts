/**
 * What is known of variables at a point of a program, as a function of what was known at the beginning of the piece of program that is
 * looked at. So an action or a state is gone through once, and its effect is put in wherever it runs.
 *
 * Each variable, or part of one, has a bit. Of a value it says whether it is set, of a header whether it is valid. The lowest bit stands
 * for being here: it is set wherever something leads to.
 */

/** Bits of variables. `unset`: may not be set; `set`: may be set. `…If`: when that held at the beginning. */
export type Facts = {
  readonly unset: bigint;
  readonly set: bigint;
  readonly unsetIf: bigint;
  readonly setIf: bigint;
};

/** The bit that is set wherever something leads to. */
const HERE = 1n;

/** So many bits are taken by it. */
export const OWN_BITS = 1;

/** Of a point that is never reached. */
export const NOWHERE: Facts = { unset: 0n, set: 0n, unsetIf: 0n, setIf: 0n };

/** At the beginning of what is run: nothing is known of variables yet. */
export const START: Facts = { ...NOWHERE, set: HERE };

/** At the beginning: all is as it was. */
export const unchanged = (all: bigint): Facts => ({ unset: 0n, set: 0n, unsetIf: all, setIf: all });

/** Where nothing leads to, nothing can be set. */
const ifReached = (facts: Facts, changed: Facts): Facts =>
  ((facts.set | facts.setIf) & HERE) === 0n ? facts : changed;

/** Some bits are set, whatever they were. */
export const withSet = (facts: Facts, bits: bigint): Facts =>
  ifReached(facts, {
    unset: facts.unset & ~bits,
    set: facts.set | bits,
    unsetIf: facts.unsetIf & ~bits,
    setIf: facts.setIf & ~bits,
  });

/** Some bits are not set, whatever they were. */
export const withUnset = (facts: Facts, bits: bigint): Facts =>
  ifReached(facts, {
    unset: facts.unset | bits,
    set: facts.set & ~bits,
    unsetIf: facts.unsetIf & ~bits,
    setIf: facts.setIf & ~bits,
  });

/** Some bits may be set and may be not. */
export const withUnknown = (facts: Facts, bits: bigint): Facts =>
  ifReached(facts, {
    ...facts,
    unset: facts.unset | bits,
    set: facts.set | bits,
  });

/** Some bits may be set now; whether they may not be stays. */
export const withMaybeSet = (facts: Facts, bits: bigint): Facts =>
  ifReached(facts, {
    ...facts,
    set: facts.set | bits,
  });

/** Only ways on which some bits are set. */
export const whereSet = (facts: Facts, bits: bigint): Facts => ({
  ...facts,
  unset: facts.unset & ~bits,
  unsetIf: facts.unsetIf & ~bits,
});

/** Only ways on which some bits are not set. */
export const whereUnset = (facts: Facts, bits: bigint): Facts => ({
  ...facts,
  set: facts.set & ~bits,
  setIf: facts.setIf & ~bits,
});

/** What holds where two ways meet. */
export const either = (left: Facts, right: Facts): Facts => ({
  unset: left.unset | right.unset,
  set: left.set | right.set,
  unsetIf: left.unsetIf | right.unsetIf,
  setIf: left.setIf | right.setIf,
});

/** What holds behind a piece of program with some effect, when `facts` hold in front of it. */
export const followed = (facts: Facts, effect: Facts): Facts => ({
  unset: effect.unset | (effect.unsetIf & facts.unset),
  set: effect.set | (effect.setIf & facts.set),
  unsetIf: effect.unsetIf & facts.unsetIf,
  setIf: effect.setIf & facts.setIf,
});

/** Whether two facts are the same. */
export const isSame = (left: Facts, right: Facts): boolean =>
  left.unset === right.unset &&
  left.set === right.set &&
  left.unsetIf === right.unsetIf &&
  left.setIf === right.setIf;
