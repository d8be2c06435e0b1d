/** The events that a webhook can subscribe to, with the words of the page. */
export const webhookEvents = [
  { type: "doc.updated", label: "Document changed" },
  { type: "doc.created", label: "Document created" },
  { type: "doc.restored", label: "Document restored" },
  { type: "doc.deleted", label: "Document deleted" },
  { type: "doc.undeleted", label: "Deletion taken back" },
  { type: "doc.purged", label: "Document removed for ever" },
  { type: "version.created", label: "Version made" },
  { type: "room.opened", label: "First client came" },
  { type: "room.closed", label: "Last client left" },
  { type: "user.joined", label: "User came" },
  { type: "user.left", label: "User left" },
  { type: "compaction.failed", label: "Compaction failed" },
  { type: "quota.exceeded", label: "Document too large" },
] as const;
