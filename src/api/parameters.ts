import * as v from "valibot";

/** A parameter in the query or the headers of a request. */
export interface Parameter<T> {
  readonly description: string;
  readonly isRequired?: boolean;
  /** As JSON schema. */
  readonly schema: Readonly<Record<string, unknown>>;
  /** Reads the parameter; undefined stands for one that is missing. The messages of its issues are for the caller. */
  readonly read: v.GenericSchema<string | undefined, T>;
}

export type Parameters = Readonly<Record<string, Parameter<unknown>>>;

export type ParameterValues<P extends Parameters> = { readonly [Name in keyof P]: v.InferOutput<P[Name]["read"]> };

const decimal = /^(0|[1-9]\d{0,14})$/;

export interface IntegerBounds {
  readonly description: string;
  readonly min: number;
  readonly max: number;
}

/** A whole number, or `byDefault` if the parameter is missing. */
export function integer({
  description,
  min,
  max,
  byDefault,
}: IntegerBounds & { byDefault: number }): Parameter<number> {
  return {
    description,
    schema: { type: "integer", minimum: min, maximum: max, default: byDefault },
    read: v.optional(integerIn(min, max), String(byDefault)),
  };
}

/** A whole number that may be missing. */
export function optionalInteger({ description, min, max }: IntegerBounds): Parameter<number | undefined> {
  return {
    description,
    schema: { type: "integer", minimum: min, maximum: max },
    read: v.optional(integerIn(min, max)),
  };
}

/** A text that may be missing. */
export function text(description: string, maxLength = 1_024): Parameter<string | undefined> {
  return {
    description,
    schema: { type: "string", maxLength },
    read: v.optional(v.pipe(v.string(), v.maxLength(maxLength, `give at most ${maxLength} characters`))),
  };
}

/** One of several texts, or `byDefault` if the parameter is missing. */
export function choice<const Choice extends string>(
  description: string,
  choices: readonly [Choice, ...Choice[]],
  byDefault: NoInfer<Choice>,
): Parameter<Choice> {
  return {
    description,
    schema: { type: "string", enum: choices, default: byDefault },
    read: v.optional(v.picklist(choices, `give ${choices.join(" or ")}`), byDefault),
  };
}

/** One of several texts that may be missing. */
export function optionalChoice<const Choice extends string>(
  description: string,
  choices: readonly [Choice, ...Choice[]],
): Parameter<Choice | undefined> {
  return {
    description,
    schema: { type: "string", enum: choices },
    read: v.optional(v.picklist(choices, `give ${choices.join(" or ")}`)),
  };
}

/** `1` or `true` for true; false if the parameter is missing. */
export function flag(description: string): Parameter<boolean> {
  const texts = ["0", "1", "false", "true"] as const;
  return {
    description,
    schema: { type: "string", enum: texts, default: "0" },
    read: v.pipe(
      v.optional(v.picklist(texts, "give 1 or 0"), "0"),
      v.transform((given) => given === "1" || given === "true"),
    ),
  };
}

/** Bytes as base64url without padding, which may be missing. */
export function base64url(description: string, maxBytes: () => number): Parameter<Uint8Array | undefined> {
  return {
    description,
    schema: { type: "string", contentEncoding: "base64url" },
    read: v.optional(
      v.pipe(
        v.string(),
        v.rawTransform(({ dataset, addIssue, NEVER }) => {
          const bytes = decodeBase64url(dataset.value);
          if (bytes === undefined) addIssue({ message: "give base64url" });
          else if (bytes.byteLength > maxBytes()) addIssue({ message: `give at most ${maxBytes()} bytes` });
          else return bytes;
          return NEVER;
        }),
      ),
    ),
  };
}

/** Undefined for a text that is not base64url. */
export function decodeBase64url(encoded: string): Uint8Array | undefined {
  try {
    return Uint8Array.fromBase64(encoded, { alphabet: "base64url" });
  } catch {
    return undefined;
  }
}

export function encodeBase64url(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

function integerIn(min: number, max: number): v.GenericSchema<string, number> {
  const expected = `give a whole number from ${min} to ${max}`;
  return v.pipe(
    v.string(),
    v.regex(decimal, expected),
    v.transform(Number),
    v.minValue(min, expected),
    v.maxValue(max, expected),
  );
}
