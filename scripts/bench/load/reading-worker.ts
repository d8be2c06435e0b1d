/** Reads a URL evenly, on a thread of its own, so that its work delays no other client of the load. */
declare const self: Worker;

export interface Reading {
  readonly url: string;
  readonly perSecond: number;
}

export type ReadingEnd = { readonly reads: number } | { readonly error: string };

let timer: Timer | undefined;
let isStopped = false;
const open = new Set<Promise<void>>();
let reads = 0;
let failure: string | undefined;

/** Begins with the first message, and ends with the second, which is answered with a `ReadingEnd`. */
self.onmessage = async ({ data }: MessageEvent<Reading | "stop">) => {
  if (data !== "stop") return start(data);
  isStopped = true;
  clearInterval(timer);
  await Promise.all(open);
  const end: ReadingEnd = failure === undefined ? { reads } : { error: failure };
  self.postMessage(end);
};

function start({ perSecond, url }: Reading): void {
  const startedAt = performance.now();
  let begun = 0;
  timer = setInterval(() => {
    for (const due = ((performance.now() - startedAt) * perSecond) / 1_000; begun < due && !isStopped; begun += 1) {
      const reading = read(url).finally(() => open.delete(reading));
      open.add(reading);
    }
  }, 1);
}

async function read(url: string): Promise<void> {
  try {
    const response = await fetch(url);
    await response.bytes();
    if (response.ok) reads += 1;
    else failure = `the server answers with ${response.status}`;
  } catch (error) {
    failure = String(error);
  }
}
