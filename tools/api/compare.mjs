/**
 * What changed between two reports of an API, and whether it breaks programs. The rule leans to the safe side: whatever is gone or reads differently breaks,
 * except what surely takes all that was taken before (see `widens`). What is new breaks only those who must write it: a required member of an interface
 * (unless it, or one that extends it, says `@sealed`: users don't write such objects), an abstract member of a class.
 */
import ts from 'typescript';

/**
 * @typedef {{ name: string, kind: 'added' | 'removed' | 'changed', was?: string, is?: string, breaking: boolean }} Difference
 * @typedef {{ texts: string[], exported: boolean, owner?: string, mustBeWritten: boolean }} Unit a declaration's head, or a member; several texts are overloads
 */

/**
 * @param {string} before a report
 * @param {string} after a later one
 * @returns {Difference[]}
 */
export function compareApis(before, after) {
  const old = units(before);
  const now = units(after);
  /** @type {Difference[]} */
  const differences = [];
  for (const [name, { texts, exported, owner }] of old) {
    const other = now.get(name);
    // a declaration that is gone takes its members with it, and one that was never exported is missed by nobody
    if (!other && owner && !now.has(owner)) continue;
    if (!exported && !other) continue;
    const was = texts.join('\n');
    if (!other || (!owner && exported && !other.exported))
      differences.push({ name, kind: 'removed', was, breaking: true });
    else if (was !== other.texts.join('\n'))
      differences.push({
        name,
        kind: 'changed',
        was,
        is: other.texts.join('\n'),
        breaking: !widens(texts, other.texts),
      });
  }
  for (const [name, { texts, exported, owner, mustBeWritten }] of now) {
    const other = old.get(name);
    // a member is new where its declaration is not; a declaration is new to users when it is exported
    const isNew = owner !== undefined ? !other && old.has(owner) : exported && !other?.exported;
    if (isNew) differences.push({ name, kind: 'added', is: texts.join('\n'), breaking: mustBeWritten });
  }
  return differences;
}

/**
 * The declarations of a report and their members, by name: `'Linear'`, `'Linear.forward'`.
 *
 * @param {string} report
 */
function units(report) {
  const file = ts.createSourceFile('api.d.ts', report, ts.ScriptTarget.Latest, true);
  const [wrong] = parseErrors(file);
  if (wrong) throw new Error(`a report can't be read back: ${report.slice(wrong.start, wrong.start + 80)}`);
  /** @type {Map<string, Unit>} */
  const found = new Map();
  /** @param {ts.Node} node */
  const text = (node) =>
    node
      .getText(file)
      .replaceAll(/\s+/g, ' ')
      .replace(/ ?[;,]$/, '');
  /** @type {(name: string, text: string, unit: Omit<Unit, 'texts'>) => void} */
  const add = (name, words, unit) => {
    const known = found.get(name);
    if (known) known.texts.push(words);
    else found.set(name, { texts: [words], ...unit });
  };

  const sealedNames = findSealed(file);
  for (const statement of file.statements) {
    const exported = text(statement).startsWith('export ');
    const name = nameOf(statement);
    const sealed = sealedNames.has(name);
    const members = membersOf(statement);
    const whole = text(statement).replace(/^export /, '');
    // the head is what stands before the members
    add(name, members ? whole.slice(0, whole.indexOf('{')).trim() : whole, { exported, mustBeWritten: false });
    for (const member of members ?? []) {
      const words = text(member);
      const isStatic = /^static /.test(words);
      const key =
        'name' in member && member.name ? text(/** @type {ts.Node} */ (member.name)) : ts.SyntaxKind[member.kind];
      const optional = 'questionToken' in member && member.questionToken !== undefined;
      const inInterface = ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement);
      add(`${name}.${isStatic ? 'static ' : ''}${key}`, words, {
        exported,
        owner: name,
        mustBeWritten: !sealed && !optional && (inInterface || /^(\w+ )*abstract /.test(words)),
      });
    }
  }
  return found;
}

/**
 * The declarations marked `@sealed`, with all that they extend.
 *
 * @param {ts.SourceFile} file
 */
function findSealed(file) {
  const interfaces = new Map(file.statements.filter(ts.isInterfaceDeclaration).map((node) => [node.name.text, node]));
  const sealed = new Set(
    [...interfaces.keys()].filter((name) =>
      ts.getJSDocTags(/** @type {ts.Node} */ (interfaces.get(name))).some((tag) => tag.tagName.text === 'sealed'),
    ),
  );
  // a Set grows while it is walked
  for (const name of sealed)
    for (const clause of interfaces.get(name)?.heritageClauses ?? [])
      for (const { expression } of clause.types) sealed.add(expression.getText(file));
  return sealed;
}

/** What the compiler keeps with a file that it has read, and does not show. @param {ts.SourceFile} file @returns {readonly { start: number }[]} */
const parseErrors = (file) => Object(file).parseDiagnostics ?? [];

/** @param {ts.Statement} statement */
function nameOf(statement) {
  if (ts.isVariableStatement(statement)) return statement.declarationList.declarations[0].name.getText();
  if ('name' in statement) return /** @type {ts.Identifier} */ (statement.name).text;
  return statement.getText().replaceAll(/\s+/g, ' ');
}

/** @param {ts.Statement} statement @returns {readonly ts.Node[] | undefined} of what has members, each of which may change alone */
function membersOf(statement) {
  if (ts.isInterfaceDeclaration(statement) || ts.isClassDeclaration(statement)) return statement.members;
  if (ts.isTypeAliasDeclaration(statement) && ts.isTypeLiteralNode(statement.type)) return statement.type.members;
  if (ts.isModuleDeclaration(statement) && statement.body && ts.isModuleBlock(statement.body))
    return statement.body.statements.flatMap(
      /** @returns {ts.Node[]} */ (inner) =>
        ts.isExportDeclaration(inner) && inner.exportClause && ts.isNamedExports(inner.exportClause)
          ? [...inner.exportClause.elements]
          : [inner],
    );
  return undefined;
}

/**
 * Whether every call that was right stays right and gives the same: the overloads are there in their order, each as it was or with further parameters at
 * the end that may be left out, and new overloads come after them.
 *
 * @param {readonly string[]} before
 * @param {readonly string[]} after
 */
function widens(before, after) {
  return (
    after.length >= before.length && before.every((text, i) => text === after[i] || onlyAddsOptional(text, after[i]))
  );
}

/** @param {string} before @param {string} after the same function, or not */
function onlyAddsOptional(before, after) {
  const [old, now] = [before, after].map(signature);
  if (!old || !now || old.shape !== now.shape) return false;
  return (
    old.parameters.every(({ text }, i) => text === now.parameters[i]?.text) &&
    now.parameters.slice(old.parameters.length).every((parameter) => parameter.optional)
  );
}

/** @param {string} text of a function or method; of anything else there is no signature */
function signature(text) {
  for (const source of [text, `interface Holder { ${text} }`, `declare class Holder { ${text} }`]) {
    const file = ts.createSourceFile('api.d.ts', source, ts.ScriptTarget.Latest, true);
    if (parseErrors(file).length > 0) continue;
    const [statement] = file.statements;
    const node =
      ts.isInterfaceDeclaration(statement) || ts.isClassDeclaration(statement) ? statement.members[0] : statement;
    if (
      !node ||
      !(
        ts.isFunctionDeclaration(node) ||
        ts.isMethodSignature(node) ||
        ts.isMethodDeclaration(node) ||
        ts.isConstructorDeclaration(node)
      )
    )
      continue;
    return {
      // all but the parameters
      shape: source.slice(0, node.parameters.pos) + source.slice(node.parameters.end),
      parameters: node.parameters.map((parameter) => ({
        text: parameter.getText(file),
        optional: parameter.questionToken !== undefined || parameter.dotDotDotToken !== undefined,
      })),
    };
  }
  return undefined;
}
