/** Begins a line before each tag that follows another tag. The characters between tags stay as they are. */
export function linesOfXml(xml: string): string {
  return xml.replaceAll("><", ">\n<");
}
