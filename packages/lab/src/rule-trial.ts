/** Which modules a kernel lacks for rules of nf_tables, tried out in a network namespace that ends with the trial. */
import { spawnSync } from "node:child_process";

/** What a rule needs, and commands of nft that need nothing else; they have a table `inet seam` with a chain `c`. */
export type RuleTrial = { readonly needs: string; readonly command: string };

/** All that the table of policies needs beside nf_tables (decisions 16 and 21). */
export const POLICY_RULES: readonly RuleTrial[] = [
  { needs: "nft_ct", command: "add rule inet seam c ct original ip saddr 192.0.2.1" },
  { needs: "nft_limit", command: "add rule inet seam c limit rate 1/second" },
  { needs: "nft_log and nfnetlink_log", command: "add rule inet seam c log group 7300" },
  { needs: "nft_fib_inet", command: "add rule inet seam c fib saddr type local" },
  {
    needs: "counters in elements (Linux 5.7)",
    command: "add map inet seam m { type mark : verdict; counter; }",
  },
];

/** What the kernel does not have of what these need, with what it says; null: it has all. */
export function tryRules(rules: readonly RuleTrial[]): string | null {
  const frame = "nft add table inet seam && nft add chain inet seam c || exit 1";
  const tries = rules.map(
    ({ command }, index) => `nft '${command}' 2>&1 | head -n 1 | sed 's/^/${index} /'`,
  );
  const shell = ["unshare", "--net", "sh", "-c", [frame, ...tries].join("\n")] as const;
  const [program, ...parameters] = shell;
  const { status, stdout, stderr, error } = spawnSync(program, parameters, { encoding: "utf8" });
  if (status !== 0) return error?.message ?? stderr.trim();
  const refused = stdout.split("\n").flatMap((line) => {
    const [index = "", ...said] = line.split(" ");
    const rule = line === "" ? undefined : rules[Number(index)];
    return rule === undefined ? [] : [`no ${rule.needs}: ${said.join(" ")}`];
  });
  return refused.length === 0 ? null : refused.join("; ");
}
