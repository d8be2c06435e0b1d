/** Colours that are told apart easily, and are visible as a caret on the light and on the dark background. */
export const colors: readonly string[] = [
  ...["#b4532a", "#2f6fc4", "#3f7d3a", "#b2478f", "#8a6d00", "#0f7f86"],
  ...["#7a5cc9", "#c22f4a", "#56748a", "#94714f", "#1b8a5a", "#a04fc8"],
];

/** Reads a colour that another program has written. Only this one form is taken, because colours become parts of styles. */
export function readColor(value: unknown): string | undefined {
  return typeof value === "string" && /^#[0-9a-f]{6}$/i.test(value) ? value : undefined;
}

/** Black or white, whichever is easier to read on `color`, a colour in the form that `readColor` takes. */
export function textColorOn(color: string): "#000000" | "#ffffff" {
  const onBlack = luminance(color) + 0.05;
  return onBlack / 0.05 > 1.05 / onBlack ? "#000000" : "#ffffff";
}

/** The colour as `filter: brightness(1.5)` shows it. */
export function brightened(color: string): string {
  const channel = (value: number) =>
    Math.min(255, Math.round(value * 1.5))
      .toString(16)
      .padStart(2, "0");
  return `#${channels(color).map(channel).join("")}`;
}

/** True when two colours are hard to tell apart. */
export function isAlike(one: string, other: string): boolean {
  const [from, to] = [channels(one), channels(other)];
  return Math.hypot(...from.map((value, index) => value - (to[index] ?? 0))) < alikeBelow;
}

/** A colour unlike those in `taken`: one of `colors`, or another one if all of them are taken. */
export function freeColor(taken: readonly string[]): string {
  const isFree = (color: string) => !taken.some((other) => isAlike(color, other));
  const free = colors.filter(isFree);
  if (free.length > 0) return randomOf(free);
  const random = Array.from({ length: 50 }, randomColor);
  return random.find(isFree) ?? randomOf(random);
}

export function randomOf(list: readonly string[]): string {
  return list[Math.floor(Math.random() * list.length)] ?? "#0f7f86";
}

/** The distance in RGB. The nearest two of `colors` are 40 apart. */
const alikeBelow = 32;

/** A random colour, neither too light nor too dark. */
function randomColor(): string {
  const channel = () => (40 + Math.floor(Math.random() * 140)).toString(16).padStart(2, "0");
  return `#${channel()}${channel()}${channel()}`;
}

function channels(color: string): readonly number[] {
  return [1, 3, 5].map((start) => Number.parseInt(color.slice(start, start + 2), 16));
}

/** The relative luminance, as WCAG 2.2 defines it. */
function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = channels(color).map((channel) => {
    const value = channel / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
