/** CPU time of programs on a node of a lab. */
import { labExec } from "@seam/lab";

/** Ticks of /proc/PID/stat in a second: USER_HZ, which is 100 on every architecture that Linux and Kubernetes share. */
const TICKS = 100;

/** Milliseconds that all processes have run, in user and in kernel mode, whose command line has `program` in it (proc(5), stat). */
export async function cpuMsOf(lab: string, node: string, program: string): Promise<number> {
  // The name of a program, in brackets, may itself hold spaces and brackets.
  const script = `for p in $(pgrep -f -- ${program}); do sed "s/^.*) //" /proc/$p/stat; done`;
  const { stdout } = await labExec(lab, node, ["sh", "-c", script]);
  const ticks = stdout
    .split("\n")
    .map((line) => line.split(" "))
    .reduce((sum, fields) => sum + Number(fields[11] ?? 0) + Number(fields[12] ?? 0), 0);
  return (ticks * 1000) / TICKS;
}
