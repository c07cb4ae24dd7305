/** What every netlink socket says and hears, whatever it is about (include/uapi/linux/netlink.h): flags, options and refusals. */
import { type KernelError, kernelError, setOption } from "./libc.ts";
import { decodeAttributes, type Message, textOf } from "./netlink-message.ts";

export const SOL_NETLINK = 270;
export const NLM_F_REQUEST = 1;
export const NLM_F_ACK = 4;
export const NLM_F_DUMP = 0x300;
export const NLM_F_REPLACE = 0x100;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;
export const NLM_F_APPEND = 0x800;
export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;
const NLM_F_CAPPED = 0x100;
const NLMSGERR_ATTR_MSG = 1;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;

/** Asks for short errors with a text; a kernel that knows neither goes on as before. */
export function askForShortErrors(fd: number): void {
  for (const option of [NETLINK_CAP_ACK, NETLINK_EXT_ACK]) setOption(fd, [SOL_NETLINK, option], 1);
}

/** Whether nothing follows for the request. */
export const isEnd = ({ type }: Message): boolean => type === NLMSG_ERROR || type === NLMSG_DONE;

/** What was refused, if anything. Error messages hold an error number, the header of the request, and attributes (NETLINK_EXT_ACK). */
export function refusal(message: Message, purpose: string): KernelError | null {
  if (!isEnd(message) || message.body.length < 4) return null;
  const errno = message.body.readInt32LE(0);
  if (errno === 0) return null;
  const capped = message.type === NLMSG_DONE || (message.flags & NLM_F_CAPPED) !== 0;
  const start = message.type === NLMSG_DONE ? 4 : 20;
  const detail = capped ? textOf(decodeAttributes(message.body, start).get(NLMSGERR_ATTR_MSG)) : "";
  return kernelError(errno, detail === "" ? purpose : `${purpose}: ${detail}`);
}
