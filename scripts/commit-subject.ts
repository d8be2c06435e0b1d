/**
 * The rule for commit subjects: `area: imperative`, at most 72 characters. As a program it checks a message file, for
 * Git's `commit-msg` hook: `git config core.hooksPath scripts/hooks`.
 */
import { readFileSync } from "node:fs";

const longestSubject = 72;

/** The fault of a subject, as a predicate; undefined for a correct one. */
export function subjectFault(subject: string): string | undefined {
  if (subject.length > longestSubject) return `has ${subject.length} characters, more than ${longestSubject}`;
  if (!/^[\w.,/ -]+: \S/.test(subject)) return "does not begin with an area, as in `relay: answer a query twice`";
  if (subject.endsWith(".")) return "ends with a full stop";
  return undefined;
}

/** Merges, reverts and fixups keep the subject that Git gives them. */
export function isGenerated(subject: string): boolean {
  return /^(?:Merge|Revert|fixup!|squash!|amend!) ?/.test(subject);
}

if (import.meta.main) {
  const [file = ""] = process.argv.slice(2);
  const [subject = ""] = readFileSync(file, "utf8").split("\n");
  const fault = isGenerated(subject) ? undefined : subjectFault(subject);
  if (fault !== undefined) console.error(`commit: The subject ${fault}. Write "area: imperative" in 72 characters.`);
  process.exit(fault === undefined ? 0 : 1);
}
