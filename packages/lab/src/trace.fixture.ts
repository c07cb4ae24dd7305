/** Brings up the lab of its argument, to be killed on the way. */
import { labUp, type LabOptions } from "./index.ts";

const isOptions = (value: unknown): value is LabOptions =>
  typeof value === "object" && value !== null && "name" in value && "binFolder" in value;

const options: unknown = JSON.parse(process.argv[2] ?? "");
if (!isOptions(options)) throw new Error("expected the options of a lab as JSON");
for await (const _ of labUp(options));
