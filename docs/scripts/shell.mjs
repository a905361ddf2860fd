/** Commands of the pages' shell blocks: that what they name exists. Nothing is run but `--help`. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fencesOf } from '../../tools/fences.mjs';
import { root, textOf } from './pages.mjs';

const read = (/** @type {string} */ path) => JSON.parse(readFileSync(join(root, path), 'utf8'));

/** Every package of the repository by name. */
const own = new Map(
  readdirSync(join(root, 'packages'))
    .filter((name) => existsSync(join(root, 'packages', name, 'package.json')))
    .map((name) => [read(`packages/${name}/package.json`).name, read(`packages/${name}/package.json`)]),
);

/** Packages of others that a reader is told to install. */
const known = new Set([
  'webgpu',
  'onnxruntime-node',
  'node-addon-api',
  'typescript',
  'vite',
  'cli-progress',
  'asciichart',
]);

const template = 'packages/create-backend/template';

/** Scripts that are not of the root: what Vite's template has, and what a new backend has. */
const scriptsElsewhere = new Set([
  'dev',
  ...['alone', 'workspace'].flatMap((use) => Object.keys(read(`${template}/${use}/package.json.txt`).scripts)),
]);

/**
 * @typedef {object} Command
 * @property {string} text
 * @property {string | undefined} script the root command that it starts
 * @property {readonly string[]} flags what it hands to that command
 * @property {string} [problem]
 */

/** The commands of a page. @param {string} page @returns {Command[]} */
export const commandsOf = (page) =>
  fencesOf(textOf(page))
    .filter(({ lang, info, file }) => /^(sh|bash|shell|console)$/.test(lang) && !file && !/(^|\s)not run: /.test(info))
    // in `console` the lines without a prompt are what is printed
    .flatMap(({ lang, lines }) => (lang === 'console' ? lines.filter((line) => line.startsWith('$ ')) : lines))
    .map((line) =>
      line
        .replace(/(^|\s)#.*$/, '')
        .replace(/^\$ /, '')
        .trim(),
    )
    .filter((line) => line !== '')
    .flatMap((line) => line.split('&&').map((part) => checked(page, part.trim())));

/** @param {string} page @param {string} text @returns {Command} */
function checked(page, text) {
  // variables before a command
  const words = text.replace(/^(?:[A-Z_]+=(?:<[^>]*>|\S+) )+/, '').split(/\s+/);
  const [program, verb = '', ...rest] = words;
  const wrong = (/** @type {string} */ problem) => ({ text, script: undefined, flags: [], problem });
  const fine = { text, script: undefined, flags: [] };
  const names = rest.filter((word) => !word.startsWith('-'));
  switch (program) {
    case 'cd':
    case 'mkdir':
    case 'apt-get':
      return fine;
    case 'git':
      return ['clone', 'checkout', 'switch', 'commit', 'add', 'push'].includes(verb)
        ? fine
        : wrong(`unknown: git ${verb}`);
    case '/usr/bin/python3':
    case 'python3':
    case 'node': {
      const file = words.slice(1).find((word) => !word.startsWith('-')) ?? '';
      return existsSync(join(root, file)) || !file.includes('/') ? fine : wrong(`there is no ${file}`);
    }
    case 'npm':
    case 'pnpm':
    case 'yarn':
    case 'bun':
      if (verb === 'run' || verb === 'test') {
        const script = verb === 'test' ? 'test' : names[0];
        const flags = rest.includes('--') ? rest.slice(rest.indexOf('--') + 1) : [];
        if (script in read('package.json').scripts) return { text, script, flags };
        return scriptsElsewhere.has(script) ? fine : wrong(`package.json has no script "${script}"`);
      }
      if (['install', 'i', 'add'].includes(verb)) {
        const missing = names.filter((name) => !own.has(name) && !known.has(name) && !/^[./]|\.tgz$/.test(name));
        return missing.length
          ? wrong(`no package of this repository, and none that docs/scripts/shell.mjs knows: ${missing}`)
          : fine;
      }
      if (verb === 'create') {
        // npm's rule: `@scope/name` means the package `@scope/create-name`
        const [, scope = '', name] = /^(@[^/]+\/)?([^@]+)/.exec(names[0] ?? '') ?? [];
        const starter = `${scope}create-${name}`;
        return own.has(starter) || starter === 'create-vite' ? fine : wrong(`there is no package ${starter}`);
      }
      return ['init', 'pkg', 'ls'].includes(verb) ? fine : wrong(`unknown: ${program} ${verb}`);
    case 'npx': {
      if (own.has(verb)) return own.get(verb).bin ? fine : wrong(`${verb} has no program`);
      if (verb === 'vitest') {
        const at = rest.indexOf('--project');
        const project = at < 0 ? undefined : rest[at + 1].replaceAll("'", '').split(' ')[0];
        const there = !project || ['packages', 'apps', '.'].some((group) => existsSync(join(root, group, project)));
        return there ? fine : wrong(`there is no project ${project}`);
      }
      return ['vite', 'node-gyp', 'tsc', 'tsdown', 'biome'].includes(verb)
        ? fine
        : wrong(`unknown: npx ${verb} (${page})`);
    }
    default:
      return wrong(`unknown command: ${program}`);
  }
}
