/** The small words that all kinds are made of: names, quantities, durations; each with what is expected and an example. */
import { Type, type TEnum, type TInteger, type TString } from "typebox";

/** The API group of Seam's own kinds. */
export const GROUP = "seam.ucsd.edu";
/** The version of Seam's own kinds. */
export const VERSION = "v1alpha1";
/** `apiVersion` of Seam's own kinds. */
export const API_VERSION = "seam.ucsd.edu/v1alpha1";

/** Label: the experiment that an object belongs to. */
export const EXPERIMENT_LABEL = `${GROUP}/experiment`;
/** Label: the workload that an object belongs to. */
export const WORKLOAD_LABEL = `${GROUP}/workload`;

/** What a text must look like; `expected` and `example` go into every error message. */
export type TextRule = {
  readonly description: string;
  readonly pattern: string;
  readonly maxLength: number;
  readonly expected: string;
  readonly example: string;
};

/** A text that matches a pattern. */
export const text = (rule: TextRule): TString => Type.String(rule);

/** A text that is only bounded in length. */
export const freeText = (description: string, example: string): TString =>
  Type.String({ description, minLength: 1, maxLength: 1024, expected: "a text", example });

/** A DNS label (RFC 1123), the form of most names in Kubernetes. */
export const dnsLabel = (description: string, example: string): TString =>
  text({
    description,
    pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
    maxLength: 63,
    expected: "lower-case letters, digits and '-', starting and ending with a letter or digit",
    example,
  });

/** A DNS subdomain (RFC 1123), the form of names of nodes, ConfigMaps, Secrets and claims. */
export const dnsName = (description: string, example: string): TString =>
  text({
    description,
    pattern: "^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$",
    maxLength: 253,
    expected: "lower-case letters, digits, '-' and '.', starting and ending with a letter or digit",
    example,
  });

/** What names in a map, or texts that are such names, must look like. */
export type KeyRule = Pick<TextRule, "pattern" | "expected" | "example"> & {
  /** How they must not begin. */
  readonly reserved?: string;
};

/** The key of a label, other than those of Seam. */
export const labelKey: KeyRule = {
  pattern: "^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$",
  reserved: `${GROUP}/`,
  expected: `the key of a label, NAME or DOMAIN/NAME, not of the domain ${GROUP}`,
  example: "team",
};

/** Whole numbers by name. */
export const countsByName = (rule: {
  readonly description: string;
  readonly keys: KeyRule;
  readonly example: { readonly [name: string]: number };
}): ReturnType<typeof Type.Record<TString, TInteger>> =>
  Type.Record(Type.String(), Type.Integer({ minimum: 0, example: 2 }), {
    ...rule,
    maxProperties: 32,
  });

/** Processor cores as Kubernetes writes them. */
export const cpuQuantity = (description: string): TString =>
  text({
    description,
    pattern: "^([0-9]+m|[0-9]+([.][0-9]{1,3})?)$",
    maxLength: 16,
    expected: "cores or thousandths of a core, as text",
    example: "500m",
  });

/** Bytes as Kubernetes writes them. */
export const memoryQuantity = (description: string): TString =>
  text({
    description,
    pattern: "^[0-9]+([.][0-9]+)?(k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?$",
    maxLength: 20,
    expected: "bytes with an optional unit, as text",
    example: "128Mi",
  });

/** One of a closed list of words. */
export const choice = <const V extends string[]>(
  values: readonly [...V],
  options: { readonly description: string; readonly default?: V[number] },
): TEnum<V> => Type.Enum([...values], options);

/** Rate in Mbit/s. */
export const rateMbps = (description: string): ReturnType<typeof Type.Integer> =>
  Type.Integer({ description, minimum: 1, maximum: 1_000_000, example: 100 });
