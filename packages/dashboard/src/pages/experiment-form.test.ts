/** What the form makes is an experiment that Seam accepts (S9). */
import { parseExperiment } from "@seam/api";
import { expect, test } from "vitest";
import { manifestIn, newWorkload } from "./experiment-form.ts";

const form = { name: "first", lifetime: "", workloads: [newWorkload(1), newWorkload(2)] };

test("the form as it is offered is a good experiment with nothing that was not asked for", () => {
  const manifest = manifestIn("lab-a", form);
  expect(parseExperiment(manifest)).toMatchObject({ ok: true });
  expect(manifest.spec).toEqual({
    workloads: [
      { name: "server", image: "localhost/seam/traffic:dev" },
      { name: "client", image: "localhost/seam/traffic:dev" },
    ],
  });
});

test("every field of the form is in the experiment", () => {
  const workload = {
    ...newWorkload(1),
    kind: "VirtualMachine" as const,
    command: " iperf3  -s ",
    replicas: 3,
    cpu: "500m",
    memory: "256Mi",
    gpu: 2,
    port: 5201,
  };
  const manifest = manifestIn("lab-a", { name: "full", lifetime: "2h", workloads: [workload] });
  expect(parseExperiment(manifest)).toMatchObject({ ok: true });
  expect(manifest.spec).toEqual({
    lifetime: "2h",
    workloads: [
      {
        name: "server",
        kind: "VirtualMachine",
        image: "localhost/seam/traffic:dev",
        command: ["iperf3", "-s"],
        replicas: 3,
        ports: [{ name: "main", port: 5201 }],
        resources: { cpu: "500m", memory: "256Mi", gpu: { "nvidia.com/gpu": 2 } },
      },
    ],
  });
});
