/** Parses an unknown object into a kind: fills defaults, returns all errors at once; the same rules as the CRD's. */
import { err, ok, parseCidr, type Result } from "@seam/base";
import type { Static, TSchema } from "typebox";
import { Value } from "typebox/value";
import { ExperimentSchema, type Experiment } from "./experiment.ts";
import { isJson } from "./node.ts";
import { NETWORK_CONFIG_NAME, NetworkConfigSchema, type NetworkConfig } from "./network-config.ts";
import { ProjectSchema, type Project } from "./project.ts";
import { fieldError, walk, type FieldError } from "./walk.ts";

/** Parses a `Project`. */
export function parseProject(value: unknown): Result<Project, readonly FieldError[]> {
  const parsed = parse(ProjectSchema, value);
  return parsed.ok ? withChecks(parsed.value, checkProject(parsed.value)) : parsed;
}

/** Parses an `Experiment`. */
export function parseExperiment(value: unknown): Result<Experiment, readonly FieldError[]> {
  const parsed = parse(ExperimentSchema, value);
  return parsed.ok ? withChecks(parsed.value, checkExperiment(parsed.value)) : parsed;
}

/** Parses a `NetworkConfig`. */
export function parseNetworkConfig(value: unknown): Result<NetworkConfig, readonly FieldError[]> {
  const parsed = parse(NetworkConfigSchema, value);
  return parsed.ok ? withChecks(parsed.value, checkNetworkConfig(parsed.value)) : parsed;
}

/** One sentence for a person. */
export const formatFieldError = (error: FieldError): string =>
  `${error.path === "" ? "the object" : error.path}: expected ${error.expected}, for example ${error.example}; found ${error.found}`;

function parse<S extends TSchema>(
  schema: S,
  value: unknown,
): Result<Static<S>, readonly FieldError[]> {
  const filled: unknown = Value.Default(schema, Value.Clone(value));
  const plain: unknown = schema;
  if (!isJson(plain)) return err([]);
  const errors = walk({ schema: plain, path: "" }, filled);
  if (errors.length > 0) return err(errors);
  return Value.Check(schema, filled)
    ? ok(filled)
    : err([fieldError({ schema: plain, path: "" }, filled)]);
}

const withChecks = <T>(value: T, errors: readonly FieldError[]): Result<T, readonly FieldError[]> =>
  errors.length === 0 ? ok(value) : err(errors);

function checkProject(project: Project): readonly FieldError[] {
  const { name } = project.metadata;
  const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name) && name.length <= 63;
  const expected = "a DNS label of at most 63 characters, as it names the namespace";
  const naming = label
    ? []
    : [{ path: "metadata.name", expected, example: '"lab-a"', found: JSON.stringify(name) }];
  return naming;
}

function checkNetworkConfig({ metadata, spec }: NetworkConfig): readonly FieldError[] {
  const naming =
    metadata.name === NETWORK_CONFIG_NAME
      ? []
      : [
          {
            path: "metadata.name",
            expected: `${NETWORK_CONFIG_NAME}, as a cluster has one NetworkConfig`,
            example: JSON.stringify(NETWORK_CONFIG_NAME),
            found: JSON.stringify(metadata.name),
          },
        ];
  const prefixes = (spec.masqueradeExceptions ?? []).flatMap((prefix, index) =>
    parseCidr(prefix).ok
      ? []
      : [
          {
            path: `spec.masqueradeExceptions[${index}]`,
            expected: "an address prefix without host bits",
            example: '"192.0.2.0/24"',
            found: JSON.stringify(prefix),
          },
        ],
  );
  return [...naming, ...prefixes];
}

function checkExperiment(experiment: Experiment): readonly FieldError[] {
  const names = experiment.spec.workloads.map((workload) => workload.name);
  const expectName = (
    path: string,
    name: string,
    among: readonly string[],
  ): readonly FieldError[] =>
    among.includes(name)
      ? []
      : [
          {
            path,
            expected:
              among.length === 0
                ? "no name, as this experiment has no other workload"
                : `the name of another workload of this experiment (${among.join(", ")})`,
            example: JSON.stringify(among[0] ?? []),
            found: JSON.stringify(name),
          },
        ];
  const after = experiment.spec.workloads.flatMap((workload, index) =>
    (workload.after ?? []).flatMap((name, at) =>
      expectName(
        `spec.workloads[${index}].after[${at}]`,
        name,
        names.filter((other) => other !== workload.name),
      ),
    ),
  );
  const policies = (experiment.spec.policies ?? []).flatMap((policy, index) => [
    ...expectName(`spec.policies[${index}].from`, policy.from, names),
    ...expectName(`spec.policies[${index}].to`, policy.to, names),
  ]);
  return [...after, ...policies, ...experiment.spec.workloads.flatMap(sharedPaths)];
}

/** A folder of files and a volume at the same place. */
function sharedPaths(
  { files = [], volumes = [] }: Experiment["spec"]["workloads"][number],
  index: number,
): readonly FieldError[] {
  const taken = new Set(files.map(({ path }) => path));
  return volumes.flatMap(({ path }, at) =>
    taken.has(path)
      ? [
          {
            path: `spec.workloads[${index}].volumes[${at}].path`,
            expected: "a path that files does not have",
            example: '"/data"',
            found: JSON.stringify(path),
          },
        ]
      : [],
  );
}
