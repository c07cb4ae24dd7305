/** Issues what a lab lacks of its certificates: all of them at first, a node's when it joins or has other addresses. */
import { existsSync } from "node:fs";
import { certificateScript, labCertificates } from "./certificates.ts";
import { mustRun } from "./command.ts";
import type { LabLayout } from "./layout.ts";

/** Issues the certificates that do not exist yet. */
export async function issueCertificates(lab: LabLayout): Promise<void> {
  const missing = labCertificates(lab).filter(({ file }) => !existsSync(`${lab.pki}/${file}.crt`));
  if (missing.length === 0 && existsSync(`${lab.pki}/complete`)) return;
  await mustRun(["bash", "-c", certificateScript(missing)], { cwd: lab.pki });
}
