import type { Node, SourceFile } from "typescript/unstable/ast";
import * as is from "typescript/unstable/ast/is";
import { API } from "typescript/unstable/async";
import { createVirtualFileSystem } from "typescript/unstable/fs";

/** The facts about a source file that the architecture test needs. */
export interface SourceFacts {
  /**
   * The imported and re-exported modules in the order of the text, with those of types, `import("…")` as call and as
   * type, and `require`.
   */
  readonly imports: readonly string[];
  /**
   * The names that the code refers to, without those that it declares or selects as members: `Bun`, `process`,
   * `process.env`, `import.meta.env`.
   */
  readonly references: ReadonlySet<string>;
  readonly numbers: ReadonlySet<number>;
  readonly hasDefaultExport: boolean;
  /** The relative modules with an export that is exported again, under the same or another name. */
  readonly reExports: readonly string[];
}

/** The name of the module of an `import()` with a computed argument. */
export const computedModule = "(computed)";

/** Parses `sources` (path to text) with the TypeScript compiler, in memory. */
export async function readSourceFacts(sources: Readonly<Record<string, string>>): Promise<Map<string, SourceFacts>> {
  const paths = Object.keys(sources);
  const project = { compilerOptions: { noLib: true, noResolve: true, types: [] }, files: paths };
  const files = Object.fromEntries(paths.map((path) => [`/${path}`, sources[path] ?? ""]));
  const fs = createVirtualFileSystem({ ...files, "/tsconfig.json": JSON.stringify(project) });
  const compiler = new API({ cwd: "/", fs });
  try {
    const snapshot = await compiler.updateSnapshot({ openProjects: ["/tsconfig.json"] });
    const program = snapshot.getProjects()[0]?.program;
    const facts = new Map<string, SourceFacts>();
    for (const path of paths) {
      const source = await program?.getSourceFile(`/${path}`);
      if (source === undefined) throw new Error(`${path} was not parsed`);
      facts.set(path, factsOf(source));
    }
    return facts;
  } finally {
    await compiler.close();
  }
}

function factsOf(source: SourceFile): SourceFacts {
  const imports: string[] = [];
  const references = new Set<string>();
  const numbers = new Set<number>();
  const reExports: string[] = [];
  let hasDefaultExport = false;
  const imported = importedNames(source);
  const visit = (node: Node): undefined => {
    const module = importedModule(node);
    if (module !== undefined) imports.push(module);
    const reference = referenceOf(node);
    if (reference !== undefined) references.add(reference);
    if (is.isNumericLiteral(node)) numbers.add(Number(node.text));
    hasDefaultExport ||= isDefaultExport(node);
    const again = reExportedModule(node, imported);
    if (again?.startsWith(".")) reExports.push(again);
    node.forEachChild(visit);
  };
  visit(source);
  return { imports, references, numbers, hasDefaultExport, reExports };
}

/** The modules that the names of a file's imports come from. */
function importedNames(source: SourceFile): ReadonlyMap<string, string> {
  const modules = new Map<string, string>();
  source.forEachChild((node) => {
    if (!is.isImportDeclaration(node)) return;
    const module = literal(node.moduleSpecifier);
    const visit = (each: Node): undefined => {
      if (is.isImportSpecifier(each) || is.isNamespaceImport(each)) modules.set(each.name.text, module);
      else if (is.isImportClause(each) && each.name !== undefined) modules.set(each.name.text, module);
      each.forEachChild(visit);
    };
    visit(node);
  });
  return modules;
}

/** The module whose export this node exports again: by `export … from`, by name, or as an alias. */
function reExportedModule(node: Node, imported: ReadonlyMap<string, string>): string | undefined {
  if (is.isExportDeclaration(node)) {
    return node.moduleSpecifier === undefined ? undefined : literal(node.moduleSpecifier);
  }
  if (is.isExportSpecifier(node)) {
    // With `from` the declaration counts: its names are not those of this file.
    const declaration = node.parent.parent;
    if (is.isExportDeclaration(declaration) && declaration.moduleSpecifier !== undefined) return undefined;
    return imported.get((node.propertyName ?? node.name).getText());
  }
  const exported = node.getText().startsWith("export ");
  if (!exported) return undefined;
  if (is.isTypeAliasDeclaration(node)) return imported.get(node.type.getText());
  if (!is.isVariableStatement(node)) return undefined;
  const modules = node.declarationList.declarations.map(({ initializer }) =>
    imported.get(initializer?.getText() ?? ""),
  );
  return modules.find((module) => module?.startsWith("."));
}

function importedModule(node: Node): string | undefined {
  if (is.isImportDeclaration(node) || is.isExportDeclaration(node)) {
    return node.moduleSpecifier === undefined ? undefined : literal(node.moduleSpecifier);
  }
  if (is.isExternalModuleReference(node)) return literal(node.expression);
  if (is.isImportTypeNode(node))
    return is.isLiteralTypeNode(node.argument) ? literal(node.argument.literal) : computedModule;
  if (!is.isCallExpression(node)) return undefined;
  const called = node.expression.getText();
  return called === "import" || called === "require" ? literal(node.arguments[0]) : undefined;
}

function literal(node: Node | undefined): string {
  return node !== undefined && (is.isStringLiteral(node) || is.isNoSubstitutionTemplateLiteral(node))
    ? node.text
    : computedModule;
}

function referenceOf(node: Node): string | undefined {
  if (is.isPropertyAccessExpression(node)) {
    const { expression } = node;
    if (is.isIdentifier(expression)) return `${expression.text}.${node.name.text}`;
    return is.isMetaProperty(expression) ? `import.meta.${node.name.text}` : undefined;
  }
  return is.isIdentifier(node) && !isName(node) ? node.text : undefined;
}

/** True if an identifier is the name that its parent declares or selects. */
function isName(node: Node): boolean {
  if (is.isShorthandPropertyAssignment(node.parent)) return false;
  const parent: Node & { readonly name?: Node; readonly propertyName?: Node } = node.parent;
  return parent.name === node || parent.propertyName === node;
}

function isDefaultExport(node: Node): boolean {
  if (is.isExportAssignment(node)) return true;
  if (is.isExportSpecifier(node)) return node.name.text === "default";
  return is.isDefaultKeyword(node);
}
