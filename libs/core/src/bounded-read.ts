/** All bytes of a stream, or null as soon as there are more than `maxBytes`: a device or a pipe has no size, and may never end. */
export async function boundedBytes(
  stream: AsyncIterable<Uint8Array | string>,
  maxBytes: number,
): Promise<Buffer | null> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of stream) {
    const bytes = Buffer.from(piece as Uint8Array);
    size += bytes.length;
    if (size > maxBytes) return null;
    pieces.push(bytes);
  }
  return Buffer.concat(pieces, size);
}
