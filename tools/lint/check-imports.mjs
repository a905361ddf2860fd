/**
 * The package law of the design: every import leads towards tensor-core; a backend imports tensor-core alone; no package but an app or a test names a
 * concrete backend; no package imports its own index from inside; runtime imports have no cycles. A package that holds the binary of a backend for one platform
 * (`backend-…-linux-x64`) depends on nothing, and that backend alone names it, as an optional dependency.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';

/** Whom each package may import at run time, besides itself and libraries. Backends (`backend-*`) may import tensor-core only. */
const allowed = {
  'tensor-core': [],
  autograd: ['tensor-core'],
  'backend-testkit': ['tensor-core', 'autograd'],
  // what it writes imports them, it doesn't
  'create-backend': [],
  nn: ['tensor-core', 'autograd'],
  optim: ['tensor-core', 'autograd'],
  data: ['tensor-core'],
  serialize: ['tensor-core'],
  train: ['tensor-core'],
  'onnx-model': ['tensor-core'],
  // the import only where a file is checked against it, if it is installed
  'onnx-export': ['tensor-core', 'autograd', 'nn', 'onnx-model', 'onnx-import'],
  'onnx-import': ['tensor-core', 'autograd', 'nn', 'onnx-model'],
};

/** Packages that hold nothing: two copies of them do no harm, so that others may bring them along. */
const stateless = new Set(['onnx-model']);

const scope = '@tenfold/';

/** The backend whose binary a package holds, if it is such a package: `'backend-cuda-native'` for `'backend-cuda-native-linux-x64'`. */
const binaryOf = (/** @type {string} */ name) => /^(backend-.+)-(linux|win32|darwin)-(x64|arm64)$/.exec(name)?.[1];

/** @param {string} name */
const isBackend = (name) => name.startsWith('backend-') && name !== 'backend-testkit' && !binaryOf(name);

/** @param {string} file */
const isTest = (file) => /\.test(-d)?\.ts$/.test(file) || /\.test-support\.ts$/.test(file);

/** @param {string} name */
const allowedFor = (name) => {
  if (binaryOf(name)) return [];
  return isBackend(name) ? ['tensor-core'] : allowed[/** @type {keyof typeof allowed} */ (name)];
};

/**
 * @param {string} root the repository
 * @returns {string[]} one line for each violation
 */
export function checkImports(root) {
  /** @type {string[]} */
  const problems = [];
  for (const name of folders(join(root, 'packages'))) {
    const folder = join(root, 'packages', name);
    if (allowedFor(name) === undefined) {
      problems.push(`packages/${name}: unknown package; say in tools/lint/check-imports.mjs whom it may import`);
      continue;
    }
    problems.push(...checkManifest(name, folder), ...checkSources(name, folder, root));
  }
  for (const group of ['packages', 'apps']) {
    for (const name of folders(join(root, group))) problems.push(...findCycles(join(root, group, name, 'src'), root));
  }
  return problems;
}

/**
 * @param {string} name
 * @param {string} folder
 */
function checkManifest(name, folder) {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const optional = Object.keys(manifest.optionalDependencies ?? {});
  const wanted = [
    ...Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }),
    ...optional.filter((dependency) => binaryOf(dependency.slice(scope.length)) !== name),
  ];
  const place = `packages/${name}/package.json`;
  const forbidden = wanted
    .filter((dependency) => dependency.startsWith(scope))
    .map((dependency) => dependency.slice(scope.length))
    .filter((dependency) => !allowedFor(name).includes(dependency))
    .map((dependency) => `${place}: ${name} must not depend on ${dependency}`);
  // a dependency proper could be installed twice, and two copies of the core don't know each other's tensors
  const notPeers = Object.keys(manifest.dependencies ?? {})
    .filter((dependency) => dependency.startsWith(scope) && allowedFor(name).includes(dependency.slice(scope.length)))
    .filter((dependency) => !stateless.has(dependency.slice(scope.length)))
    .map((dependency) => `${place}: ${dependency} must be a peer dependency`);
  return [...forbidden, ...notPeers];
}

/**
 * @param {string} name
 * @param {string} folder
 * @param {string} root
 */
function checkSources(name, folder, root) {
  /** @type {string[]} */
  const problems = [];
  for (const file of sources(join(folder, 'src'))) {
    const test = isTest(file);
    for (const { specifier, line } of importsOf(file)) {
      const place = `${relative(root, file)}:${line}`;
      if (specifier.startsWith('.')) {
        const target = resolve(dirname(file), specifier);
        // a test may come through the front door
        if (!test && target === join(folder, 'src/index.ts'))
          problems.push(`${place}: imports its own package's index.ts`);
        if (relative(folder, target).startsWith('..'))
          problems.push(`${place}: reaches into another folder by path: ${specifier}`);
        continue;
      }
      if (!specifier.startsWith(scope)) continue;
      const [other] = specifier.slice(scope.length).split('/');
      if (other === name) problems.push(`${place}: imports its own package by name`);
      else if (!test && isBackend(other))
        problems.push(`${place}: names the concrete backend ${other}; only apps and tests do`);
      else if (!test && !allowedFor(name).includes(other)) problems.push(`${place}: ${name} must not import ${other}`);
    }
  }
  return problems;
}

/**
 * Cycles among the runtime imports of a folder's modules.
 * @param {string} folder
 * @param {string} root
 */
function findCycles(folder, root) {
  const graph = new Map(
    sources(folder).map((file) => [
      file,
      importsOf(file)
        .filter(({ specifier, typeOnly }) => specifier.startsWith('.') && !typeOnly)
        .map(({ specifier }) => resolve(dirname(file), specifier)),
    ]),
  );
  /** @type {string[]} */
  const problems = [];
  const done = new Set();
  /** @type {string[]} */
  const path = [];
  /** @param {string} file */
  const visit = (file) => {
    if (done.has(file)) return;
    const at = path.indexOf(file);
    if (at >= 0) {
      const cycle = [...path.slice(at), file].map((step) => relative(root, step)).join(' → ');
      problems.push(`import cycle: ${cycle}`);
      return;
    }
    path.push(file);
    for (const next of graph.get(file) ?? []) visit(next);
    path.pop();
    done.add(file);
  };
  for (const file of graph.keys()) visit(file);
  return problems;
}

/**
 * The imports and re-exports of a module, dynamic ones included.
 * @param {string} file
 * @returns {{ specifier: string, typeOnly: boolean, line: number }[]}
 */
export function importsOf(file) {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
  /** @type {{ specifier: string, typeOnly: boolean, line: number }[]} */
  const found = [];
  /** @param {ts.Node} node @param {ts.Node | undefined} specifier @param {boolean} typeOnly */
  const add = (node, specifier, typeOnly) => {
    if (!specifier || !ts.isStringLiteral(specifier)) return;
    const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1;
    found.push({ specifier: specifier.text, typeOnly, line });
  };
  /** @param {ts.Node} node */
  const visit = (node) => {
    if (ts.isImportDeclaration(node)) add(node, node.moduleSpecifier, isTypeImport(node.importClause));
    else if (ts.isExportDeclaration(node)) add(node, node.moduleSpecifier, isTypeExport(node));
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node, node.arguments[0], false);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node, node.argument.literal, true);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** @param {ts.ImportClause | undefined} clause */
function isTypeImport(clause) {
  if (!clause) return false;
  if (clause.isTypeOnly) return true;
  const { namedBindings: names, name } = clause;
  return (
    !name &&
    names !== undefined &&
    ts.isNamedImports(names) &&
    names.elements.length > 0 &&
    names.elements.every((e) => e.isTypeOnly)
  );
}

/** @param {ts.ExportDeclaration} node */
function isTypeExport({ isTypeOnly, exportClause }) {
  return (
    isTypeOnly ||
    (exportClause !== undefined && ts.isNamedExports(exportClause) && exportClause.elements.every((e) => e.isTypeOnly))
  );
}

/** @param {string} folder */
function folders(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(folder, entry.name, 'package.json')))
    .map(({ name }) => name);
}

/** @param {string} folder */
function sources(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => join(folder, path))
    .sort();
}
