/** One metric of Prometheus' text format, version 0.0.4. */
export interface Metric {
  readonly type: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Parses strictly: throws at a line that a scraper might refuse, and at a sample outside its metric. */
export function parseMetrics(text: string): ReadonlyMap<string, Metric> {
  const metrics = new Map<string, { type: string; help: string; samples: Sample[] }>();
  let current: readonly [name: string, metric: { type: string; samples: Sample[] }] | undefined;
  for (const line of text.split("\n")) {
    const [, name = "", help = ""] = /^# HELP ([a-z_:]+) (.+)$/.exec(line) ?? [];
    const [, typed, type] = /^# TYPE ([a-z_:]+) (counter|gauge|histogram)$/.exec(line) ?? [];
    if (name !== "") {
      if (metrics.has(name)) throw new Error(`${name} comes twice`);
      const metric = { type: "", help, samples: [] };
      metrics.set(name, metric);
      current = [name, metric];
    } else if (current === undefined) throw new Error(`before any metric: ${line}`);
    else if (type !== undefined && current[0] === typed) current[1].type = type;
    else if (line !== "") current[1].samples.push(parseSample(line, current));
  }
  return metrics;
}

function parseSample(line: string, [metric, { type }]: readonly [string, { readonly type: string }]): Sample {
  const [, name = "", labels = "", value = ""] = /^([a-z_]+)(?:\{(.*)\})? (-?[\d.e+-]+)$/.exec(line) ?? [];
  const suffixes = type === "histogram" ? ["_bucket", "_sum", "_count"] : [""];
  if (!suffixes.some((suffix) => name === metric + suffix)) throw new Error(`not a sample of ${metric}: ${line}`);
  const pairs = Array.from(labels.matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)",?/g), ([, key = "", text = ""]) => [
    key,
    text,
  ]);
  return { name, labels: Object.fromEntries(pairs), value: Number(value) };
}
