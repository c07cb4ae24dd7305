/** Bits of packets: numbers read at any offset, most significant bit first, and written one after the other. */

/** Up to 32 bits at an offset in bits, as a number without a sign; all of them have to be there. */
export function readNarrow(data: Uint8Array, offset: number, width: number): number {
  const first = offset >> 3;
  const end = offset + width;
  const last = (end + 7) >> 3;
  // At most five bytes: exact in a number.
  let read = 0;
  for (let at = first; at < last; at += 1) read = read * 256 + (data[at] ?? 0);
  const behind = last * 8 - end;
  if (behind > 0) read = Math.floor(read / 2 ** behind);
  return width === 32 ? read % 4_294_967_296 : read % 2 ** width;
}

/** 33 to 52 bits at an offset, as a number without a sign. */
export function readMiddle(data: Uint8Array, offset: number, width: number): number {
  const odd = width - 32;
  return readNarrow(data, offset, odd) * 2 ** 32 + readNarrow(data, offset + odd, 32);
}

/** Any number of bits at an offset. */
export function readWide(data: Uint8Array, offset: number, width: number): bigint {
  let read = 0n;
  const odd = width % 32;
  if (odd > 0) read = BigInt(readNarrow(data, offset, odd));
  for (let at = odd; at < width; at += 32) {
    read = (read << 32n) | BigInt(readNarrow(data, offset + at, 32));
  }
  return read;
}

/** Bits that are being written; those behind the last one are 0. */
export type BitWriter = { data: Uint8Array; bits: number };

/** A writer without bits. */
export const bitWriter = (): BitWriter => ({ data: new Uint8Array(128), bits: 0 });

function room(writer: BitWriter, bits: number): void {
  const needed = (writer.bits + bits + 7) >> 3;
  if (needed <= writer.data.length) return;
  const larger = new Uint8Array(Math.max(needed, writer.data.length * 2));
  larger.set(writer.data);
  writer.data = larger;
}

/** Takes back what was written, to write again. */
export function clearBits(writer: BitWriter): void {
  writer.data.fill(0, 0, (writer.bits + 7) >> 3);
  writer.bits = 0;
}

/** Whole bytes at the start of a byte. */
function writeAligned(writer: BitWriter, value: number, width: number): void {
  let at = writer.bits >> 3;
  for (let shift = width - 8; shift >= 0; shift -= 8) {
    writer.data[at] = value >>> shift;
    at += 1;
  }
  writer.bits += width;
}

/** Writes the low `width` bits of a number, at most 32. */
export function writeNarrow(writer: BitWriter, value: number, width: number): void {
  room(writer, width);
  if (((writer.bits | width) & 7) === 0) {
    writeAligned(writer, value, width);
    return;
  }
  let left = width;
  while (left > 0) {
    const used = writer.bits & 7;
    const now = Math.min(8 - used, left);
    const piece = (value >>> (left - now)) & ((1 << now) - 1);
    const at = writer.bits >> 3;
    writer.data[at] = (writer.data[at] ?? 0) | (piece << (8 - used - now));
    writer.bits += now;
    left -= now;
  }
}

/** Writes the low `width` bits of a number, 33 to 52. */
export function writeMiddle(writer: BitWriter, value: number, width: number): void {
  writeNarrow(writer, Math.floor(value / 2 ** 32), width - 32);
  writeNarrow(writer, value >>> 0, 32);
}

/** Writes the low `width` bits of a number. */
export function writeWide(writer: BitWriter, value: bigint, width: number): void {
  let left = width;
  const odd = width % 32;
  if (odd > 0) {
    left -= odd;
    writeNarrow(writer, Number(BigInt.asUintN(odd, value >> BigInt(left))), odd);
  }
  while (left > 0) {
    left -= 32;
    writeNarrow(writer, Number(BigInt.asUintN(32, value >> BigInt(left))), 32);
  }
}

/** Writes whole bytes. */
export function writeBytes(writer: BitWriter, bytes: Uint8Array): void {
  room(writer, bytes.length * 8);
  if (writer.bits % 8 === 0) {
    writer.data.set(bytes, writer.bits >> 3);
    writer.bits += bytes.length * 8;
    return;
  }
  for (const byte of bytes) writeNarrow(writer, byte, 8);
}

/** What was written, filled up with 0 to whole bytes. */
export const written = (writer: BitWriter): Uint8Array =>
  writer.data.slice(0, (writer.bits + 7) >> 3);
