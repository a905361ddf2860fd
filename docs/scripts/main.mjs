/** `npm run docs`: the site, served while it is written, or built, or checked. */
import { cpSync, existsSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { runNode } from '../../tools/bootstrap/run.mjs';
import { docs, root } from './pages.mjs';
import { dist, serve } from './serve.mjs';

const help = `npm run docs                   serves the site at http://localhost:5173; changes show at once
npm run docs -- build          builds the site, with the API reference and the playground, into docs/.vitepress/dist
npm run docs -- preview        serves what was built
npm run docs -- check          checks links, runs every block of code, and builds the site once
npm run docs -- onnx           writes docs/onnx-support.md
npm run docs -- pictures       draws the pictures of the guide

--port NUMBER    where to serve
--no-api         leaves out the API reference, which takes longest; serving writes it once
--help           this text
`;

/** @param {string} name @param {string} path */
const bin = (name, path) => join(dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)), path);
const vitepress = bin('vitepress', 'bin/vitepress.js');
const vitest = join(root, 'node_modules/vitest/vitest.mjs');

/** Writes the API reference. */
async function reference() {
  console.error('tenfold: writing the API reference (--no-api leaves it out)');
  return await runNode([bin('typedoc', 'bin/typedoc'), '--options', join(docs, 'typedoc.json')], { cwd: docs });
}

/** Puts the playground, which every build builds, below the site. */
function playground() {
  const target = join(docs, 'public/playground');
  rmSync(target, { recursive: true, force: true });
  const leftOut = /[\\/]screenshots$/;
  cpSync(join(root, 'apps/playground/dist'), target, { recursive: true, filter: (path) => !leftOut.test(path) });
}

/** What the site's config asks for. @param {boolean} api @returns {Record<string, string>} */
const apiOr = (api) => (api ? {} : { TENFOLD_DOCS_API: '0' });

/** @typedef {{ port?: string, api: boolean }} Flags */

/** What each word does. @type {{ [word: string]: (flags: Flags) => Promise<number> }} */
const actions = {
  async serve({ port, api }) {
    playground();
    if (api && !existsSync(join(docs, 'api'))) await reference();
    return runNode([vitepress, 'dev', docs, ...(port ? ['--port', port, '--strictPort'] : [])], { env: apiOr(api) });
  },
  async build({ api }) {
    playground();
    if (api) rmSync(join(docs, 'api'), { recursive: true, force: true });
    const code = api ? await reference() : 0;
    return code || runNode([vitepress, 'build', docs], { env: apiOr(api) });
  },
  async preview({ port }) {
    if (!existsSync(dist)) return refuse('Nothing is built yet; run: npm run docs -- build');
    const { url } = await serve(Number(port ?? 4173));
    console.log(`the built site is at ${url} (Ctrl-C ends)`);
    return new Promise(() => {});
  },
  check: () => runNode([vitest, 'run', '--project', 'docs']),
  onnx: () => runNode([vitest, 'run', '--project', 'docs', 'onnx-support', '--update']),
  pictures: () => runNode([join(docs, 'scripts/pictures.mjs')]),
};

/** @param {string} text */
function refuse(text) {
  console.error(`tenfold: ${text}`);
  return 2;
}

/** @returns {Promise<number>} */
async function main() {
  let parsed;
  try {
    parsed = parseArgs({
      allowPositionals: true,
      options: {
        port: { type: 'string' },
        'no-api': { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    return refuse(`${/** @type {Error} */ (error).message.split('. To ')[0]}. See: npm run docs -- --help`);
  }
  const { values, positionals } = parsed;
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const [word = 'serve', ...more] = positionals;
  const action = Object.hasOwn(actions, word) ? actions[word] : undefined;
  if (!action || more.length > 0)
    return refuse(`Unknown: ${positionals.join(' ')}. There are: ${Object.keys(actions).join(', ')}.`);
  const { port } = values;
  if (port !== undefined && !(/^\d+$/.test(port) && Number(port) < 65536))
    return refuse(`--port must be a number up to 65535, got "${port}".`);
  return action({ port, api: !values['no-api'] });
}

process.exitCode = await main();
