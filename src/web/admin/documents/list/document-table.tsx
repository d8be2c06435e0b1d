import type { DocumentFacts } from "../../../../client/document.ts";
import { sentenceOf } from "../../data/sentence-of.ts";
import { useSession } from "../../entry/session.ts";
import { linkTo } from "../../frame/address.ts";
import { Ago } from "../../parts/ago.tsx";
import { announce } from "../../parts/announcer.tsx";
import { formatBytes } from "../../parts/formats.ts";
import { ShownName } from "../../parts/shown-name.tsx";
import { type Column, Table } from "../../parts/table.tsx";

export interface DocumentTableProps {
  readonly documents: readonly DocumentFacts[];
  /** Whether these are deleted documents. */
  readonly isDeleted: boolean;
  /** Called when a document has left the list. */
  readonly changed: () => void;
}

const name: Column<DocumentFacts> = {
  label: "Name",
  cell: (document) => (
    <a class="document-name" href={linkTo("documents", [document.name])} title={document.name}>
      <ShownName name={document.name} />
    </a>
  ),
};

const present: readonly Column<DocumentFacts>[] = [
  name,
  { label: "Size", isNumber: true, cell: ({ bytes }) => formatBytes(bytes) },
  { label: "Last change", isNumber: true, cell: ({ updatedAt }) => <Ago time={updatedAt} /> },
  {
    label: "Created",
    isNumber: true,
    cell: ({ createdAt }) => (
      <span class="created">
        <Ago time={createdAt} />
      </span>
    ),
  },
];

export function DocumentTable({ changed, documents, isDeleted }: DocumentTableProps) {
  const { client } = useSession();
  const undelete = async (document: string) => {
    try {
      await client.document(document).undelete();
      announce(`“${document}” was undeleted.`);
    } catch (error) {
      announce(sentenceOf(error), "away");
    }
    changed();
  };
  const deleted: readonly Column<DocumentFacts>[] = [
    name,
    { label: "Size", isNumber: true, cell: ({ bytes }) => formatBytes(bytes) },
    { label: "Deleted", isNumber: true, cell: ({ deletedAt }) => <Ago time={deletedAt} /> },
    {
      label: "Action",
      isLabelHidden: true,
      isNumber: true,
      cell: (document) => (
        <button type="button" aria-label={`Undelete ${document.name}`} onClick={() => void undelete(document.name)}>
          Undelete
        </button>
      ),
    },
  ];
  return (
    <Table
      caption={isDeleted ? "Deleted documents" : "Documents"}
      columns={isDeleted ? deleted : present}
      rows={documents}
      keyOf={(document) => document.name}
    />
  );
}
