import type { ExportedFile } from "./export-file.ts";

/** Has the browser save a file. */
export function download({ content, name }: ExportedFile): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
