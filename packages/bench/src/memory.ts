/** Memory of Seam's programs on a node of a lab. */
import { labExec } from "@seam/lab";

/** MiB of all processes whose command line has `program` in it (PSS: proc(5), smaps_rollup). */
export async function memoryOf(lab: string, node: string, program: string): Promise<number> {
  const script = `for p in $(pgrep -f ${program}); do sed -n "s/^Pss: *//p" /proc/$p/smaps_rollup; done`;
  const { stdout } = await labExec(lab, node, ["sh", "-c", script]);
  const sizes = [...stdout.matchAll(/(\d+) kB/g)].map(([, size]) => Number(size));
  return Math.round(sizes.reduce((sum, size) => sum + size, 0) / 1024);
}
