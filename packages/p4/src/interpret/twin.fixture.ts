/** One program in both modes of the simulator: what is asked of one is asked of the other, and their answers have to be the same. */
import { expect } from "vitest";
import type { Switch } from "../stf/switch.ts";

type Method = (...given: readonly unknown[]) => unknown;

const isMethod = (value: unknown): value is Method => typeof value === "function";

/** A switch that gives the answers of both. */
export const twinOf = (one: Switch, other: Switch): Switch =>
  new Proxy(one, {
    get: (target, name, receiver) => {
      const mine: unknown = Reflect.get(target, name, receiver);
      const theirs: unknown = Reflect.get(other, name);
      if (!isMethod(mine) || !isMethod(theirs)) return mine;
      return (...given: readonly unknown[]): unknown => {
        const answer = mine(...given);
        expect(theirs(...given)).toStrictEqual(answer);
        return answer;
      };
    },
  });
