import type { ComponentChildren } from "preact";

export interface Column<Row> {
  readonly label: string;
  readonly cell: (row: Row) => ComponentChildren;
  /** Numbers stand at the end, with digits of equal width. */
  readonly isNumber?: boolean;
  /** The label is for screen readers only, as for a column of buttons. */
  readonly isLabelHidden?: boolean;
}

export interface TableProps<Row> {
  /** The name of the table, for screen readers. */
  readonly caption: string;
  /** The first column names the row. */
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
}

/**
 * A table. On a phone each row is a block, and each cell has the label of its column. The roles are named because some
 * browsers take them from elements that are no longer laid out as a table.
 */
export function Table<Row>({ caption, columns, keyOf, rows }: TableProps<Row>) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reached by keyboard
    <section class="table-box" aria-label={caption} tabIndex={0}>
      {/* biome-ignore-start lint/a11y/noRedundantRoles: the styles of a phone remove the roles in some browsers */}
      <table role="table">
        <caption class="unseen">{caption}</caption>
        <thead role="rowgroup">
          <tr role="row">
            {columns.map(({ isLabelHidden, isNumber, label }) => (
              <th key={label} scope="col" role="columnheader" class={isNumber ? "number" : undefined}>
                {isLabelHidden ? <span class="unseen">{label}</span> : label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map((row) => (
            <tr key={keyOf(row)} role="row">
              {columns.map(({ cell, isLabelHidden, isNumber, label }, index) => {
                const attributes = {
                  class: isNumber ? "number" : undefined,
                  "data-label": isLabelHidden ? undefined : label,
                };
                return index === 0 ? (
                  <th key={label} scope="row" role="rowheader" {...attributes}>
                    {cell(row)}
                  </th>
                ) : (
                  <td key={label} role="cell" {...attributes}>
                    {cell(row)}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
      {/* biome-ignore-end lint/a11y/noRedundantRoles: - */}
    </section>
  );
}
