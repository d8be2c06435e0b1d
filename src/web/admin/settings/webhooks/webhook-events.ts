/** The events that a webhook can subscribe to, with the words of the page. */
export const webhookEvents = [
  { type: "doc.updated", label: "Document changed" },
  { type: "doc.created", label: "Document created" },
  { type: "doc.restored", label: "Document restored" },
  { type: "doc.deleted", label: "Document deleted" },
  { type: "doc.undeleted", label: "Document undeleted" },
  { type: "doc.purged", label: "Document purged" },
  { type: "version.created", label: "Version created" },
  { type: "room.opened", label: "Room opened" },
  { type: "room.closed", label: "Room closed" },
  { type: "user.joined", label: "User joined" },
  { type: "user.left", label: "User left" },
  { type: "compaction.failed", label: "Compaction failed" },
  { type: "quota.exceeded", label: "Document too large" },
] as const;
