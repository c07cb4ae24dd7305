/** Memory that stays where it is, for what the attributes of bpf(2) point to; calls do not overlap. */
import koffi from "koffi";

const SCRATCH_BYTES = 1 << 18;
const scratch: unknown = koffi.alloc("uint8_t", SCRATCH_BYTES);
const scratchAddress = koffi.address(scratch);
const scratchBytes = Buffer.from(koffi.view(scratch, SCRATCH_BYTES));

/** Copies the parts one after the other into the memory; their addresses. */
export function place(parts: readonly Buffer[]): readonly bigint[] {
  let offset = 0;
  return parts.map((part) => {
    const start = offset;
    part.copy(scratchBytes, start);
    offset += part.length;
    return scratchAddress + BigInt(start);
  });
}

/** What a call wrote there, as a copy. */
export const placed = (offset: number, length: number): Buffer =>
  Buffer.from(scratchBytes.subarray(offset, offset + length));

/** The text that a call wrote there, up to its zero byte. */
export const placedText = (offset: number): string =>
  scratchBytes.toString("latin1", offset).split("\0")[0] ?? "";
