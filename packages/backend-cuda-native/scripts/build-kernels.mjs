/**
 * Compiles `native/kernels/*.cu` into `kernels/`: PTX for compute_75 and up (or what the first line of a file says: `compute_80`), which the driver compiles
 * for its card, and with `--cubins` code for current cards, too. `kernels/kernels.json` says which kernel is where. Results are kept by content, so only what
 * changed is compiled.
 *
 *     node scripts/build-kernels.mjs [--cubins]
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const sources = fileURLToPath(new URL('../native/kernels/', import.meta.url));
const target = fileURLToPath(new URL('../kernels/', import.meta.url));
const cache = fileURLToPath(new URL('../../../.cache/cuda-kernels/', import.meta.url));

const flags = ['-std=c++17', '-fmad=false', '-O3'];

/** The PTX that nvcc writes asks for the newest driver; what is in it needs no more than that of CUDA 11.0. */
const ptxVersion = '7.0';

/** Cards for which code is made ahead: RTX 20 and T4, A100, RTX 30, RTX 40, H100 and H200 (with what only they have), B200, RTX 50. */
const architectures = ['75', '80', '86', '89', '90a', '100', '120'];

/** @param {string} name */
const nvccAt = (name) => (existsSync(`/usr/local/cuda/bin/${name}`) ? `/usr/local/cuda/bin/${name}` : name);

/**
 * A source and all that it includes from its folder: what a result depends on.
 * @param {string} name
 * @param {Map<string, string>} [texts]
 */
function textsOf(name, texts = new Map()) {
  if (texts.has(name) || !existsSync(join(sources, name))) return texts;
  const text = readFileSync(join(sources, name), 'utf8');
  texts.set(name, text);
  for (const [, included] of text.matchAll(/^#include "(.+)"$/gm)) textsOf(included, texts);
  return texts;
}

/**
 * @param {string} source
 * @param {string} kind
 * @param {(out: string) => Promise<unknown>} compile
 */
async function cached(source, kind, compile) {
  const key = createHash('sha256')
    .update(JSON.stringify([...textsOf(source), kind, flags, ptxVersion]))
    .digest('hex');
  const path = join(cache, `${basename(source, '.cu')}-${key.slice(0, 24)}`);
  if (!existsSync(path)) {
    const out = `${path}.${process.pid}`;
    await compile(out);
    renameSync(out, path);
  }
  return path;
}

/**
 * PTX for drivers from {@link ptxVersion} on. Hints of newer versions for the assembler go.
 * @param {string} ptx
 */
const lowered = (ptx) =>
  ptx.replace(/^\.version .*$/m, `.version ${ptxVersion}`).replace(/^\s*\.pragma "used_bytes_mask [^"]*";$/gm, '');

/** The least compute capability that a source asks for, without its point. @param {string} source */
const leastOf = (source) => /^.*\bcompute_(\d+)/.exec(readFileSync(join(sources, source), 'utf8'))?.[1] ?? '75';

/** @param {string} source */
const ptxOf = (source) =>
  cached(source, 'ptx', async (out) => {
    const least = leastOf(source);
    await run(nvccAt('nvcc'), [
      '-ptx',
      `-arch=compute_${least}`,
      ...flags,
      '-I',
      sources,
      join(sources, source),
      '-o',
      out,
    ]);
    writeFileSync(out, lowered(readFileSync(out, 'utf8')));
  });

/** Asks the assembler, which knows what that version of the language has. @param {string} source @param {string} ptx */
const check = (source, ptx) =>
  cached(source, 'checked', async (out) => {
    await run(nvccAt('ptxas'), [`-arch=sm_${leastOf(source)}`, ptx, '-o', out]);
    writeFileSync(out, '');
  });

/** @param {string} source @param {string} architecture */
const cubinOf = (source, architecture) =>
  cached(source, `sm_${architecture}`, (out) =>
    run(nvccAt('nvcc'), [
      '-cubin',
      `-arch=sm_${architecture}`,
      ...flags,
      '-I',
      sources,
      join(sources, source),
      '-o',
      out,
    ]),
  );

/**
 * The kernels of a PTX text with the bytes of their arguments and the threads of a block.
 * @param {string} ptx
 */
function kernelsOf(ptx) {
  const entry = /\.entry (\w+)\(\s*\.param [^[]*\[(\d+)\]\s*\)\s*\.maxntid (\d+)/g;
  return [...ptx.matchAll(entry)].map(([, name, bytes, threads]) => ({
    name,
    bytes: Number(bytes),
    threads: Number(threads),
  }));
}

/**
 * @param {{ cubins?: boolean, checked?: boolean, log?: (line: string) => void }} [options] `checked`: whether the assembler is asked about the PTX
 * @returns {Promise<string | null>} why there are no kernels, or `null`
 */
export async function buildKernels({ cubins = false, checked = true, log = () => {} } = {}) {
  try {
    await run(nvccAt('nvcc'), ['--version']);
  } catch {
    return 'nvcc is not installed';
  }
  mkdirSync(cache, { recursive: true });
  mkdirSync(target, { recursive: true });
  const names = readdirSync(sources).filter((name) => name.endsWith('.cu'));
  /** @type {Record<string, { cubins: string[] }>} */
  const modules = {};
  /** @type {Record<string, { module: string, bytes: number, threads: number }>} */
  const kernels = {};
  /** @type {Map<string, Buffer | string>} */
  const files = new Map();
  const todo = [...names];
  const worker = async () => {
    for (let source = todo.shift(); source; source = todo.shift()) {
      const module = basename(source, '.cu');
      const path = await ptxOf(source);
      if (checked) await check(source, path);
      const ptx = readFileSync(path, 'utf8');
      files.set(`${module}.ptx`, ptx);
      for (const { name, ...row } of kernelsOf(ptx)) kernels[name] = { module, ...row };
      for (const architecture of cubins ? architectures : []) {
        files.set(`${module}.sm_${architecture}.cubin`, readFileSync(await cubinOf(source, architecture)));
      }
      modules[module] = { cubins: cubins ? architectures : [] };
      log(module);
    }
  };
  await Promise.all([worker(), worker()]);
  const sorted = (/** @type {object} */ table) => Object.fromEntries(Object.entries(table).sort());
  files.set('kernels.json', `${JSON.stringify({ modules: sorted(modules), kernels: sorted(kernels) }, null, 1)}\n`);
  // tests may read while another process builds: whole files only, and none that is the same
  for (const [name, content] of files) {
    const path = join(target, name);
    if (existsSync(path) && readFileSync(path).equals(Buffer.from(content))) continue;
    writeFileSync(`${path}.${process.pid}`, content);
    renameSync(`${path}.${process.pid}`, path);
  }
  for (const name of readdirSync(target)) if (!files.has(name) && !/\.\d+$/.test(name)) rmSync(join(target, name));
  return null;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const reason = await buildKernels({ cubins: process.argv.includes('--cubins'), log: console.log });
  if (reason) {
    console.error(`no kernels were built: ${reason}`);
    process.exitCode = 1;
  }
}
