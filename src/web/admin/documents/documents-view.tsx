import type { ViewProps } from "../frame/address.ts";
import { DocumentList } from "./list/document-list.tsx";
import { DocumentPage } from "./page/document-page.tsx";

/** The list of the documents, or the one that the address names. */
export function DocumentsView({ place }: ViewProps) {
  // A slash in a name is encoded. An address that was typed by hand may have it as it is.
  const name = place.path.join("/");
  return name === "" ? <DocumentList place={place} /> : <DocumentPage key={name} name={name} place={place} />;
}
