/** The one door to libc: the few system calls that Node.js lacks, through koffi, on the calling thread. */
import { err, millis, type Millis, ok, type Result } from "@seam/base";
import koffi from "koffi";
import { getSystemErrorName } from "node:util";

/** A refusal by the kernel. */
export type KernelError = {
  /** Name of the error number, such as EEXIST; EPROTO when the answer made no sense. */
  readonly errno: string;
  /** What was asked for, and what the kernel said about it. */
  readonly message: string;
};

const libc = koffi.load("libc.so.6");
const socketCall = libc.func("int socket(int domain, int type, int protocol)");
const setsockoptCall = libc.func(
  "int setsockopt(int fd, int level, int name, const void *value, uint32_t length)",
);
const bindCall = libc.func("int bind(int fd, const void *address, uint32_t length)");
const sendCall = libc.func("long send(int fd, const void *buf, size_t len, int flags)");
const recvCall = libc.func("long recv(int fd, _Out_ void *buf, size_t len, int flags)");
const setnsCall = libc.func("int setns(int fd, int nstype)");
// Of fixed arity, which is right for integers and pointers on the machines that Seam runs on.
const bpfSystemCall = libc.func(
  "long syscall(long number, long command, void *attributes, unsigned long size)",
);
const getrusageCall = libc.func("int getrusage(int who, _Out_ void *usage)");

const O_CLOEXEC = 0o2000000;
const CLONE_NEWNET = 0x40000000;
const AF_NETLINK = 16;
const SOCK_RAW = 3;
const MSG_DONTWAIT = 0x40;
const SYS_BPF = process.arch === "arm64" ? 280 : 321;
const RUSAGE_CHILDREN = -1;
const SIZE_OF_RUSAGE = 144;

/** The error with number `errno`, which may be negative as the kernel reports it. */
export function kernelError(errno: number, message: string): KernelError {
  const name = errno === 0 ? "EPROTO" : getSystemErrorName(-Math.abs(errno));
  return { errno: name, message: `${message}: ${name}` };
}

/** Netlink protocols, of include/uapi/linux/netlink.h. */
export const NETLINK = { route: 0, netfilter: 12 } as const;

/** Options of any socket (include/uapi/asm-generic/socket.h): room for what arrives, beyond what the system allows to all. */
export const SOL_SOCKET = 1;
export const SO_RCVBUFFORCE = 33;

/** Opens a netlink socket in the current network namespace. */
export const openNetlink = (protocol: number): Result<number, KernelError> =>
  checked(Number(socketCall(AF_NETLINK, SOCK_RAW | O_CLOEXEC, protocol)), "socket(AF_NETLINK)");

/** Sets an integer socket option. */
export function setOption(
  fd: number,
  [level, name]: readonly [number, number],
  value: number,
): Result<number, KernelError> {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32LE(value);
  return checked(
    Number(setsockoptCall(fd, level, name, buffer, 4)),
    `setsockopt(${level}, ${name})`,
  );
}

/** Lets a netlink socket hear what is told to a group, by its number from 1 to 32. */
export function joinGroup(fd: number, group: number): Result<number, KernelError> {
  const address = Buffer.alloc(12);
  address.writeUInt16LE(AF_NETLINK, 0);
  address.writeUInt32LE(2 ** (group - 1), 8);
  return checked(Number(bindCall(fd, address, address.length)), `bind(AF_NETLINK, ${group})`);
}

/** Sends one datagram. */
export const send = (fd: number, data: Buffer): Result<number, KernelError> =>
  checked(Number(sendCall(fd, data, data.length, 0)), "send");

/**
 * Sends one datagram from a thread of its own, for requests that the kernel is slow to carry out. A failure's number
 * stays on that thread, so all failures are EIO.
 */
export const sendLater = async (fd: number, data: Buffer): Promise<Result<number, KernelError>> =>
  new Promise((resolve) => {
    sendCall.async(fd, data, data.length, 0, (failure: unknown, sent: unknown) => {
      const worked = failure === null && Number(sent) === data.length;
      resolve(worked ? ok(data.length) : err({ errno: "EIO", message: "send: EIO" }));
    });
  });

/** Receives one datagram that has already arrived; fails with EAGAIN when there is none. */
export const receive = (fd: number, into: Buffer): Result<number, KernelError> =>
  checked(Number(recvCall(fd, into, into.length, MSG_DONTWAIT)), "recv");

/** Moves the calling thread to the network namespace behind `fd`. */
export const setNetns = (fd: number): Result<number, KernelError> =>
  checked(Number(setnsCall(fd, CLONE_NEWNET)), "setns");

/** bpf(2); `purpose` is told when it fails. */
export const bpfCall = (
  command: number,
  attributes: Buffer,
  purpose: string,
): Result<number, KernelError> =>
  checked(Number(bpfSystemCall(SYS_BPF, command, attributes, attributes.length)), purpose);

/** Processor time, user and system, of all children that have ended and been waited for (getrusage(2)). */
export function childrenCpu(): Millis {
  const usage = Buffer.alloc(SIZE_OF_RUSAGE);
  getrusageCall(RUSAGE_CHILDREN, usage);
  const micros = (at: number): number =>
    Number(usage.readBigInt64LE(at)) * 1e6 + Number(usage.readBigInt64LE(at + 8));
  return millis((micros(0) + micros(16)) / 1000);
}

const checked = (answer: number, operation: string): Result<number, KernelError> =>
  answer < 0 ? err(kernelError(koffi.errno(), operation)) : ok(answer);
