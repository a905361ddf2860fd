/**
 * What users see of a package, as text: the types of an entry point, without comments, in alphabetical order, so that only a change of the API changes it.
 * Declarations that are not exported, but that exported ones name, come along.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';

const printer = ts.createPrinter({ removeComments: true });

/**
 * @param {string} entry path of a built `.d.ts`
 * @returns {string} declarations that can be parsed again
 */
export function apiReport(entry) {
  const program = ts.createProgram([entry], { noLib: true, types: [] }, localHost());
  const checker = program.getTypeChecker();
  const file = program.getSourceFile(entry);
  if (!file) throw new Error(`${entry} does not exist; build the package first`);
  const module = checker.getSymbolAtLocation(file);
  if (!module) return ''; // an entry point that is imported for what it does

  /** @param {ts.Symbol} symbol */
  const resolve = (symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol);

  /** The name under which a declaration appears: bundlers rename what clashes. @type {Map<ts.Symbol, string>} */
  const names = new Map();
  /** @type {string[]} */
  const passedOn = [];
  for (const exported of checker.getExportsOfModule(module)) {
    const symbol = resolve(exported);
    if (symbol.declarations?.length) names.set(symbol, names.get(symbol) ?? nameInText(exported.name));
    else passedOn.push(`export { ${exported.name} } from '${sourceOf(exported)}';\n`);
  }
  const exported = new Set(names.keys());

  // a Set grows while it is walked: what a declaration names is walked after it
  const wanted = new Set(exported);
  for (const symbol of wanted) {
    const visit = (/** @type {ts.Node} */ node) => {
      if (ts.isIdentifier(node)) {
        const found = checker.getSymbolAtLocation(node);
        const named = found && resolve(found);
        if (named?.declarations?.some(isTopLevel)) wanted.add(named);
      }
      ts.forEachChild(node, visit);
    };
    for (const declaration of symbol.declarations ?? []) visit(declaration);
  }
  for (const symbol of wanted) if (!names.has(symbol)) names.set(symbol, symbol.name.replace(/\$\d+$/, ''));

  /** @param {ts.Identifier} node */
  const nameOf = (node) => {
    const symbol = checker.getSymbolAtLocation(node);
    return symbol && names.get(resolve(symbol));
  };
  const parts = [...wanted].map((symbol) => {
    const texts = (symbol.declarations ?? []).map((at) => print(at, nameOf, exported.has(symbol)));
    return { name: names.get(symbol) ?? symbol.name, isExported: exported.has(symbol), text: texts.join('') };
  });
  const order = (/** @type {boolean} */ isExported) =>
    parts
      .filter((part) => part.isExported === isExported)
      .sort((a, b) => compareText(a.name, b.name) || compareText(a.text, b.text))
      .map((part) => part.text);
  const helpers = order(false);
  return [
    ...passedOn.sort(compareText),
    ...order(true),
    ...(helpers.length ? ['\n// not exported, but named above\n', ...helpers] : []),
  ].join('');
}

/** An export may have a reserved word as its name (`var`), a declaration may not: it gets a `_`. @param {string} name */
function nameInText(name) {
  const word = ts.createScanner(ts.ScriptTarget.Latest, true, ts.LanguageVariant.Standard, name).scan();
  return word >= ts.SyntaxKind.FirstReservedWord && word <= ts.SyntaxKind.LastReservedWord ? `${name}_` : name;
}

/** Finds what a package's files import of each other; other packages stay names. */
function localHost() {
  const host = ts.createCompilerHost({});
  /** @type {NonNullable<ts.CompilerHost['resolveModuleNameLiterals']>} */
  host.resolveModuleNameLiterals = (literals, containing) =>
    literals.map(({ text }) => {
      const path = join(dirname(containing), text).replace(/\.js$/, '.d.ts');
      const found = text.startsWith('.') && existsSync(path);
      return { resolvedModule: found ? { resolvedFileName: path, extension: '.d.ts' } : undefined };
    });
  return host;
}

/** @param {ts.Symbol} symbol an export that leads to another package */
function sourceOf(symbol) {
  for (let node = /** @type {ts.Node | undefined} */ (symbol.declarations?.[0]); node; node = node.parent) {
    if ((ts.isExportDeclaration(node) || ts.isImportDeclaration(node)) && node.moduleSpecifier)
      return /** @type {ts.StringLiteral} */ (node.moduleSpecifier).text;
  }
  return '?';
}

/** @param {ts.Declaration} at */
const isTopLevel = (at) => ts.isSourceFile(statementOf(at).parent);

/** @param {ts.Node} at a declaration @returns {ts.Node} the statement that holds it */
const statementOf = (at) => (ts.isVariableDeclaration(at) ? at.parent.parent : at);

/** @param {string} a @param {string} b */
const compareText = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

/**
 * @param {ts.Declaration} at
 * @param {(node: ts.Identifier) => string | undefined} nameOf
 * @param {boolean} isExported
 */
function print(at, nameOf, isExported) {
  const statement = statementOf(at);
  const file = at.getSourceFile();
  /** @type {ts.TransformerFactory<ts.Node>} */
  const normalise = (context) => {
    const visit = (/** @type {ts.Node} */ node) => {
      if (ts.isIdentifier(node)) {
        const name = nameOf(node);
        return name && name !== node.text ? context.factory.createIdentifier(name) : node;
      }
      const inner = ts.visitEachChild(node, visit, context);
      if (ts.isUnionTypeNode(inner)) return context.factory.createUnionTypeNode(sorted(inner.types));
      if (ts.isInterfaceDeclaration(inner))
        return context.factory.updateInterfaceDeclaration(
          inner,
          undefined,
          inner.name,
          inner.typeParameters,
          inner.heritageClauses,
          sortedMembers(inner.members),
        );
      if (ts.isClassDeclaration(inner))
        return context.factory.updateClassDeclaration(
          inner,
          inner.modifiers?.filter((modifier) => modifier.kind === ts.SyntaxKind.AbstractKeyword),
          inner.name,
          inner.typeParameters,
          inner.heritageClauses,
          sortedMembers(inner.members.filter((member) => !isPrivate(member))),
        );
      if (ts.isTypeLiteralNode(inner)) return context.factory.createTypeLiteralNode(sortedMembers(inner.members));
      return inner;
    };
    return (node) => ts.visitNode(node, visit);
  };
  /** @param {ts.Node} node */
  const written = (node) => printer.printNode(ts.EmitHint.Unspecified, node, file);
  /** @type {<T extends ts.Node>(nodes: readonly T[]) => T[]} */
  const sorted = (nodes) => [...nodes].sort((a, b) => compareText(written(a), written(b)));
  /** By name; overloads of one name keep their order, which counts. @type {<T extends ts.ClassElement | ts.TypeElement>(members: readonly T[]) => T[]} */
  const sortedMembers = (members) =>
    members
      .map((member) => ({ member, key: member.name ? written(member.name) : '' }))
      .sort((a, b) => compareText(a.key, b.key))
      .map(({ member }) => member);

  const { transformed } = ts.transform(statement, [normalise]);
  const text = written(transformed[0]).replace(/^(export |declare )*/, '');
  const needsDeclare = !/^(interface|type) /.test(text);
  const sealed = isSealed(statement) ? '/** @sealed */\n' : '';
  return `${sealed}${isExported ? 'export ' : ''}${needsDeclare ? 'declare ' : ''}${text}\n`;
}

/** Whether its comment says that users don't write such objects themselves (TSDoc's `@sealed`). @param {ts.Node} node */
const isSealed = (node) => ts.getJSDocTags(node).some((tag) => tag.tagName.text === 'sealed');

/** @param {ts.ClassElement} member */
const isPrivate = (member) =>
  (member.name && ts.isPrivateIdentifier(member.name)) ||
  (ts.canHaveModifiers(member) &&
    ts.getModifiers(member)?.some((modifier) => modifier.kind === ts.SyntaxKind.PrivateKeyword));
