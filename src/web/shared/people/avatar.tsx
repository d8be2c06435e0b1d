import { textColorOn } from "./color.ts";

/** A person as a disc in their colour, with the first letters of their name. */
export function Avatar({ name, color }: { readonly name: string; readonly color: string }) {
  return (
    <span class="avatar" style={{ backgroundColor: color, color: textColorOn(color) }} aria-hidden="true">
      {initials(name)}
    </span>
  );
}

function initials(name: string): string {
  const words = name.split(" ").filter((word) => word !== "");
  const [first = "", second = ""] = words.map((word) => [...word][0] ?? "");
  return (first + second).toUpperCase();
}
