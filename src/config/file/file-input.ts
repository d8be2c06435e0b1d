import { type Input, inputOf, type Option, type OptionKind } from "../option.ts";
import type { TomlValue } from "./toml.ts";

/**
 * Reads a value of a file as an input of an option of this kind. Undefined when it is of another type: a number in
 * quotes is not a number. A list may also be one text, in the form of a variable.
 */
export function inputOfFile(kind: OptionKind, value: TomlValue): Input | undefined {
  switch (kind) {
    case "text":
      return value.type === "text" ? value.text : undefined;
    case "number":
      return value.type === "integer" ? value.number : undefined;
    case "boolean":
      return value.type === "boolean" ? value.boolean : undefined;
    case "texts":
      return value.type === "text"
        ? inputOf(kind, value.text)
        : elementsOf(value, (element) => (element.type === "text" ? element.text : undefined));
    case "numbers":
      return value.type === "text"
        ? inputOf(kind, value.text)
        : elementsOf(value, (element) => (element.type === "integer" ? element.number : undefined));
  }
}

/** The type that an option of this kind has in a file, and the values that it accepts, as sentences. */
export function describeFileType({ kind, expected }: Pick<Option<unknown>, "kind" | "expected">): string {
  const type = {
    text: "a string in quotes",
    number: "a whole number without quotes",
    boolean: "true or false without quotes",
    texts: 'an array of strings, such as ["one", "two"]',
    numbers: "an array of whole numbers, such as [1, 2]",
  }[kind];
  return kind === "boolean" ? `Write ${type}.` : `Write ${type}. Give ${expected}.`;
}

/** A value as the file writes it, for messages. */
export function shownInFile(value: TomlValue): Input {
  switch (value.type) {
    case "text":
      return value.text;
    case "boolean":
      return value.boolean;
    case "integer":
    case "float":
      return String(value.number) === value.source ? value.number : value.source;
    case "list":
      return elementsOf(value, textOrNumber) ?? value.source;
    default:
      return value.source;
  }
}

function textOrNumber(value: TomlValue): string | number | undefined {
  const shown = value.type === "list" || value.type === "table" ? undefined : shownInFile(value);
  return typeof shown === "string" || typeof shown === "number" ? shown : undefined;
}

function elementsOf<Element>(
  value: TomlValue,
  read: (element: TomlValue) => Element | undefined,
): readonly Element[] | undefined {
  if (value.type !== "list") return undefined;
  const elements = value.elements.map(read).filter((element) => element !== undefined);
  return elements.length === value.elements.length ? elements : undefined;
}
