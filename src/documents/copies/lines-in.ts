/** A line is longer than its reader takes. */
export class LineTooLong extends Error {
  constructor(maxBytes: number) {
    super(`a line has more than ${maxBytes} bytes`);
    this.name = "LineTooLong";
  }
}

const newline = 0x0a;

/** The lines of a text in UTF-8, without their ends; empty ones are left out. Throws `LineTooLong`. */
export async function* linesIn(chunks: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<string> {
  let parts: Uint8Array[] = [];
  let bytes = 0;
  const add = (part: Uint8Array) => {
    bytes += part.byteLength;
    if (bytes > maxBytes) throw new LineTooLong(maxBytes);
    parts.push(part);
  };
  const take = () => {
    const line = new TextDecoder().decode(Buffer.concat(parts)).replace(/^[ \t]+|[ \t\r]+$/g, "");
    parts = [];
    bytes = 0;
    return line;
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      add(chunk.subarray(start, end));
      start = end + 1;
      const line = take();
      if (line !== "") yield line;
    }
    // Copied: the buffer may be used again for the next chunk.
    add(chunk.slice(start));
  }
  const last = take();
  if (last !== "") yield last;
}
