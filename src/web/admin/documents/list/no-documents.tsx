import { Empty } from "../../parts/empty.tsx";
import { ShownName } from "../../parts/shown-name.tsx";
import { listAddress } from "./list-address.ts";
import type { ListPlace } from "./list-order.ts";

export interface NoDocumentsProps {
  readonly shown: ListPlace;
}

/** Says why the list is empty, and what would fill it. */
export function NoDocuments({ shown }: NoDocumentsProps) {
  const { after, isDeleted, prefix } = shown;
  if (after !== undefined) {
    return (
      <Empty title="No more documents">
        <p>
          <a href={listAddress({ ...shown, after: undefined })}>First page</a>
        </p>
      </Empty>
    );
  }
  if (prefix !== "") {
    return (
      <Empty title={isDeleted ? "No deleted document has such a name" : "No document has such a name"}>
        <p>
          No name begins with “<ShownName name={prefix} />
          ”. Names are case-sensitive.
        </p>
        <p>
          <a href={listAddress({ ...shown, prefix: "" })}>Show all</a>
        </p>
      </Empty>
    );
  }
  if (isDeleted) {
    return (
      <Empty title="No document is deleted">
        <p>A deleted document stays here until it is purged, and can be undeleted until then.</p>
      </Empty>
    );
  }
  return (
    <Empty title="There are no documents yet">
      <p>A document appears here when a client writes to it for the first time.</p>
      <p>
        <a href="./">Create one in the demo</a>
      </p>
    </Empty>
  );
}
