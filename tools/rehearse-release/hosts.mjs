/** Where a combination's program is tried: compilers, Nodes, a bundle by itself, a page and its worker. */
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as bundle, transform } from 'esbuild';
import { chromium } from 'playwright';
import { build as buildPage, preview } from 'vite';
import { fetchProgram, hereIs, programPath, whyNotHere } from '../bootstrap/programs.mjs';
import { root } from '../bootstrap/root.mjs';
import { home, launchOptions, setup } from '../legs/chromium-home.mjs';
import { run } from './process.mjs';

const sources = fileURLToPath(new URL('programs', import.meta.url));

/** Variables under which Vulkan finds SwiftShader. */
const swiftShader = { VK_ICD_FILENAMES: join(home, 'vk_swiftshader_icd.json'), LD_LIBRARY_PATH: home };

/** @typedef {import('../bootstrap/programs.mjs').ProgramName} ProgramName */

/** What a host is given: a folder with a program and its packages. @typedef {{ folder: string, gpu: boolean }} Place */

/**
 * Puts a program and the files that start it into a folder, as TypeScript and as JavaScript.
 * @param {string} folder
 * @param {string} program
 */
export async function writeProgram(folder, program) {
  for (const file of ['node.ts', 'page.ts', 'worker.ts']) cpSync(join(sources, file), join(folder, file));
  cpSync(join(sources, `${program}.ts`), join(folder, 'program.ts'));
  for (const name of ['node', 'program', 'page', 'worker']) {
    const { code } = await transform(readFileSync(join(folder, `${name}.ts`), 'utf8'), {
      loader: 'ts',
      target: 'es2022',
    });
    writeFileSync(join(folder, `${name}.js`), code);
  }
  writeFileSync(join(folder, 'index.html'), '<!doctype html><script type="module" src="./page.js"></script>\n');
  for (const [name, module] of [
    ['nodenext', 'nodenext'],
    ['bundler', 'preserve'],
  ]) {
    const compilerOptions = {
      strict: true,
      skipLibCheck: false,
      noEmit: true,
      target: 'es2022',
      lib: ['es2022', 'dom'],
      module,
      moduleResolution: name,
      // nothing of the machine's
      types: [],
    };
    writeFileSync(
      join(folder, `tsconfig.${name}.json`),
      JSON.stringify({ compilerOptions, files: ['node.ts', 'page.ts', 'worker.ts'] }),
    );
  }
}

/**
 * Which Node runs a program: this one, if it is of that major version.
 * @param {string} major
 */
function nodeOf(major) {
  if (process.versions.node.startsWith(`${major}.`)) return process.execPath;
  return fetchProgram(/** @type {ProgramName} */ (`node${major}`));
}

/** @param {Place} place @param {readonly string[]} command */
async function inNode({ folder, gpu }, command) {
  if (gpu) setup();
  const { out } = await run(command, { cwd: folder, env: gpu ? swiftShader : {}, seconds: 120 });
  return [out.trim()];
}

/**
 * What each host answers: the lines that the program printed there, or none where nothing is to be printed.
 * @type {Record<string, (place: Place, argument: string) => Promise<string[]>>}
 */
const hosts = {
  async types({ folder }, resolution) {
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    await run([process.execPath, tsc, '-p', `tsconfig.${resolution}.json`], { cwd: folder });
    return [];
  },
  node: (place, major) => inNode(place, [nodeOf(major), 'node.js']),
  yarn: (place, major) => inNode(place, [nodeOf(major), fetchProgram('yarn'), 'node', 'node.js']),
  async esbuild({ folder, gpu }) {
    const alone = join(folder, '..', `${folder.split(/[\\/]/).at(-1)}-bundle`);
    mkdirSync(alone);
    const entryPoints = [join(folder, 'node.js')];
    await bundle({
      entryPoints,
      outfile: join(alone, 'bundle.mjs'),
      bundle: true,
      format: 'esm',
      platform: 'node',
      minify: true,
      logLevel: 'silent',
    });
    return inNode({ folder: alone, gpu }, [process.execPath, 'bundle.mjs']);
  },
  async page({ folder, gpu }) {
    await buildPage({
      root: folder,
      base: './',
      logLevel: 'silent',
      configFile: false,
      build: { target: 'es2022' },
      worker: { format: 'es' },
    });
    setup();
    const server = await preview({
      root: folder,
      logLevel: 'silent',
      configFile: false,
      preview: { port: 0, host: '127.0.0.1' },
    });
    const browser = await chromium.launch(launchOptions({ webgpu: gpu }));
    try {
      const page = await browser.newPage();
      /** @type {string[]} */
      const errors = [];
      page.on('pageerror', (error) => errors.push(error.message));
      await page.goto(server.resolvedUrls?.local[0] ?? '', { waitUntil: 'load' });
      const answers = await page.evaluate(
        () => /** @type {{ answers?: Promise<{ page: string, worker: string }> }} */ (globalThis).answers,
      );
      if (!answers) throw new Error(`the page did not start: ${errors.join('; ') || 'it says nothing'}`);
      return [answers.page, answers.worker];
    } finally {
      await browser.close();
      await server.close();
    }
  },
};

/**
 * Tries a program on a host.
 * @param {string} host such as `'node 22'`
 * @param {Place} place
 * @returns {Promise<string[]>} what it printed
 */
export function tryOn(host, place) {
  const [kind = '', argument = ''] = host.split(' ');
  return /** @type {NonNullable<(typeof hosts)[string]>} */ (hosts[kind])(place, argument);
}

const fetcher = fileURLToPath(new URL('fetch-program.mjs', import.meta.url));

/** The programs that a package manager or a host needs besides this Node. @param {string} use such as `'yarn pnp'`, `'node 22'` */
function programsOf(use) {
  const own = process.versions.node.split('.')[0];
  const [kind, argument] = use.split(' ');
  const names = [
    ...(/^\d+$/.test(argument ?? '') && argument !== own ? [`node${argument}`] : []),
    ...(kind === 'yarn' || kind === 'bun' ? [kind] : []),
  ];
  return /** @type {ProgramName[]} */ (names);
}

/**
 * Why a package manager or a host can't be tried on this platform; `undefined` if it can.
 * @param {string} use
 */
export function unavailable(use) {
  if (use === 'page' && hereIs !== 'linux-x64') return `Chromium comes from npm for linux-x64 only; this is ${hereIs}`;
  return programsOf(use)
    .map(whyNotHere)
    .find((reason) => reason !== undefined);
}

/**
 * Fetches what rows need and is not there, each in a process of its own, so that other work goes on.
 * @param {readonly import('./combinations.mjs').Row[]} rows
 * @returns {Promise<string>} what they are
 */
export async function fetchPrograms(rows) {
  const wanted = new Set(rows.flatMap(({ manager, hosts: tried }) => [manager, ...tried].flatMap(programsOf)));
  const possible = [...wanted].filter((name) => whyNotHere(name) === undefined).sort();
  for (const name of possible)
    if (!existsSync(programPath(name))) await run([process.execPath, fetcher, name], { cwd: root });
  return possible.join(', ');
}
