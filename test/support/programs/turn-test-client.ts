/** The program of coturn's package that measures TURN servers. */
const program = "turnutils_uclient";

export interface TurnTestRun {
  readonly port: number;
  /** The secret of time-limited credentials. */
  readonly secret: string;
  readonly address?: string;
  readonly args: readonly string[];
}

export interface TurnTestResult {
  readonly sent: number;
  readonly received: number;
  /** Undefined if the program did not get so far. */
  readonly lost: number | undefined;
  readonly output: string;
}

/** Runs coturn's test client, whose exit status says nothing about its success. */
export async function runTurnTestClient(run: TurnTestRun): Promise<TurnTestResult> {
  const { port, secret, address = "127.0.0.1", args } = run;
  const child = Bun.spawn([program, "-u", "ann", "-W", secret, "-p", `${port}`, ...args, address], {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 40_000,
  });
  const [out, errors] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  const output = out + errors;
  const [, lost] = /Total lost packets (\d+)/.exec(output) ?? [];
  return {
    sent: lastNumber(output, /tot_send_msgs=(\d+)/g),
    received: lastNumber(output, /tot_recv_msgs=(\d+)/g),
    lost: lost === undefined ? undefined : Number(lost),
    output,
  };
}

function lastNumber(text: string, pattern: RegExp): number {
  return Number([...text.matchAll(pattern)].at(-1)?.[1]);
}
