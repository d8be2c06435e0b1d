/** Reads a URL evenly, on a thread of its own, so that its work delays no other client of the load. */
declare const self: Worker;

export interface Reading {
  readonly url: string;
  readonly perSecond: number;
}

export type ReadingEnd = { readonly reads: number } | { readonly error: string };

/** The first answer has come: what starting the thread takes is over. */
export type ReadingMessage = "begun" | ReadingEnd;

let timer: Timer | undefined;
let isStopped = false;
const open = new Set<Promise<void>>();
let hasBegun = false;
let reads = 0;
let failure: string | undefined;

/** Begins with the first message, which is answered with `begun`, and ends with the second, which is answered with a `ReadingEnd`. */
self.onmessage = async ({ data }: MessageEvent<Reading | "stop">) => {
  if (data !== "stop") return start(data);
  isStopped = true;
  clearInterval(timer);
  await Promise.all(open);
  post(failure === undefined ? { reads } : { error: failure });
};

function post(message: ReadingMessage): void {
  self.postMessage(message);
}

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
  if (!hasBegun) post("begun");
  hasBegun = true;
}
