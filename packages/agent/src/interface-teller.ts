/** Tells intent which addresses the node's interfaces have, while it asks for them. */
import { formatAddress, type Result } from "@seam/base";
import type { Log } from "@seam/daemon";
import type { NodeInterfaces, PolicyIntent } from "@seam/intent";
import type { KernelError } from "@seam/kernel";

/** Where they are read, and who is told. */
export type InterfaceTellerOptions = {
  readonly intent: Pick<PolicyIntent, "asksInterfaces" | "setInterfaces">;
  readonly readInterfaces: () => Result<NodeInterfaces, KernelError>;
  readonly log: Pick<Log, "warn">;
};

/** Looks at each call; whether anything is different. What cannot be read stays as it was. */
export function interfaceTeller({
  intent,
  readInterfaces,
  log,
}: InterfaceTellerOptions): () => boolean {
  let known = "";
  return () => {
    if (!intent.asksInterfaces()) return false;
    const found = readInterfaces();
    if (!found.ok) {
      log.warn({ error: found.error }, "the node's interfaces could not be read; trying again");
      return false;
    }
    const text = textOf(found.value);
    if (text === known) return false;
    known = text;
    intent.setInterfaces(found.value);
    return true;
  };
}

const textOf = (interfaces: NodeInterfaces): string =>
  JSON.stringify([...interfaces].map(([name, all]) => [name, ...all.map(formatAddress)]));
