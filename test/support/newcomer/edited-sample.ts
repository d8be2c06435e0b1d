/** Values of a configuration file, as TOML, by key. */
export type TomlValues = Readonly<Record<string, string>>;

/** The values of a file with tables and one setting in each line. */
export function valuesIn(toml: string): TomlValues {
  const values: Record<string, string> = {};
  forEachLine(toml, (line, table) => {
    const [, key, value] = /^([a-z-]+) = (.*)$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined) values[table + key] = value;
  });
  return values;
}

/** Uncomments settings of the file that `yurt config init` writes, as a person does. Throws for one that it lacks. */
export function editedSample(sample: string, values: TomlValues): string {
  const left = new Map(Object.entries(values));
  const lines = forEachLine(sample, (line, table) => {
    const [, name] = /^#([a-z-]+) = /.exec(line) ?? [];
    const key = table + name;
    const value = name === undefined ? undefined : left.get(key);
    if (value === undefined) return line;
    left.delete(key);
    return `${name} = ${value}`;
  });
  if (left.size > 0) throw new Error(`the file has no ${[...left.keys()].join(", ")}`);
  return lines.join("\n");
}

/** Calls `task` with each line and the prefix of the keys in it; returns the results. */
function forEachLine<Result>(toml: string, task: (line: string, prefix: string) => Result): readonly Result[] {
  let prefix = "";
  return toml.split("\n").map((line) => {
    const [, table] = /^\[([a-z-]+)\]$/.exec(line) ?? [];
    if (table !== undefined) prefix = `${table}.`;
    return task(line, prefix);
  });
}
