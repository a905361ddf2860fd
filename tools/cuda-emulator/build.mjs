/**
 * Builds the emulated driver, `libcuda.so.1`, of the sources beside this file and of every kernel of `backend-cuda-native`, and the libraries that go with it:
 * `node tools/cuda-emulator/build.mjs [--sanitize]`. Needs g++ and nothing of the CUDA toolkit. Objects are kept by their contents.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { argv, pid } from 'node:process';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = fileURLToPath(new URL('../../', import.meta.url));
const kernelFolder = join(root, 'packages/backend-cuda-native/native/kernels');

/** What g++ is told of every source; `nvrtc.cc` tells it of kernels that are compiled at run time. */
const flags = [
  '-std=c++17',
  '-O2',
  '-ffp-contract=off',
  '-fPIC',
  '-fvisibility=hidden',
  '-Wall',
  '-Wextra',
  '-Wno-unknown-pragmas',
];
const kernelFlags = ['-x', 'c++', '-DTENFOLD_EMULATOR', '-fno-strict-aliasing'];
const sanitizers = [
  '-fsanitize=address,undefined',
  '-fno-sanitize-recover=undefined',
  '-fno-omit-frame-pointer',
  '-g1',
];

/** Libraries beside the driver. */
const apart = [
  { source: 'nvrtc.cc', library: 'libnvrtc.so.12' },
  { source: 'cublaslt.cc', library: 'libcublasLt.so.12' },
];

const jobs = 2;
const digest = (/** @type {readonly (string | Uint8Array)[]} */ ...parts) =>
  parts
    .reduce((hash, part) => hash.update(part).update('\0'), createHash('sha256'))
    .digest('hex')
    .slice(0, 24);

/**
 * @param {string} program
 * @param {readonly string[]} args
 * @returns {Promise<string>} what the program wrote, once it has succeeded
 */
function run(program, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => (text += part));
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? resolve(text) : reject(new Error(`${program} ${args.join(' ')} failed:\n${text}`)),
    );
  });
}

/**
 * Runs `task` for each item, a few at a time.
 * @template T, R
 * @param {readonly T[]} items
 * @param {(item: T) => Promise<R>} task
 */
async function each(items, task) {
  const rest = items.entries();
  /** @type {R[]} */
  const results = [];
  const worker = async () => {
    for (const [index, item] of rest) results[index] = await task(item);
  };
  await Promise.all(Array.from({ length: jobs }, worker));
  return results;
}

/**
 * Files of a folder.
 * @param {string} folder
 * @param {string} ending
 */
const filesOf = (folder, ending) =>
  existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => name.endsWith(ending))
        .sort()
        .map((name) => join(folder, name))
    : [];

/**
 * A source with all that it includes of `folders`: as much as its object depends on.
 * @param {string} source
 * @param {readonly string[]} folders
 */
function closure(source, folders) {
  /** @type {Map<string, string>} */
  const texts = new Map();
  /** @param {string} path */
  const visit = (path) => {
    if (texts.has(path)) return;
    const text = readFileSync(path, 'utf8');
    texts.set(path, text);
    for (const [, name] of text.matchAll(/^\s*#\s*include "(.+)"/gm)) {
      const found = [dirname(path), ...folders].map((folder) => join(folder, name)).find(existsSync);
      if (found) visit(found);
    }
  };
  visit(source);
  return digest(...[...texts.keys()].sort().map((path) => /** @type {string} */ (texts.get(path))));
}

/**
 * Makes `path` if it is not there; nobody ever sees half of it, though several processes build at once.
 * @param {string} path
 * @param {(path: string) => Promise<unknown>} make
 */
async function once(path, make) {
  if (existsSync(path)) return;
  const unfinished = `${path}.${pid}.tmp`;
  try {
    await make(unfinished);
    renameSync(unfinished, path);
  } finally {
    rmSync(unfinished, { force: true });
  }
}

const day = 24 * 60 * 60 * 1000;
/**
 * Removes what was made more than a week ago: sources that change leave what was made of them behind.
 * @param {string} folder
 */
function removeOld(folder) {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const facts = lstatSync(path, { throwIfNoEntry: false });
    if (facts && !facts.isSymbolicLink() && Date.now() - facts.mtimeMs > 7 * day)
      rmSync(path, { recursive: true, force: true });
  }
}

/**
 * Builds what is not there yet.
 * @param {{ sanitize?: boolean, kernels?: readonly string[], hide?: readonly string[] }} [options] `kernels`: sources in place of those of
 * `backend-cuda-native`; `hide`: functions that this driver lacks.
 * @returns {Promise<{ driver: string, libraries: string } | { reason: string }>} the driver, and the folder of the other libraries
 */
export async function buildEmulator({ sanitize = false, kernels, hide = [] } = {}) {
  const compiler = spawnSync('g++', ['--version'], { encoding: 'utf8' });
  if (compiler.status !== 0) return { reason: 'the emulator of CUDA needs g++, which is not here' };
  if (process.platform !== 'linux')
    return { reason: `the emulator of CUDA is for Linux, and this is ${process.platform}` };

  const cache = join(root, '.cache/cuda-emulator');
  const objects = join(cache, 'objects');
  mkdirSync(objects, { recursive: true });
  removeOld(objects);
  removeOld(cache);
  const common = [compiler.stdout, ...flags, ...(sanitize ? sanitizers : [])];

  /** What NVRTC's stand-in compiles with, and where: a folder per set of headers and options. */
  const programFlags = [
    ...flags.map((flag) => (flag === '-O2' ? '-O1' : flag)),
    ...kernelFlags,
    ...(sanitize ? sanitizers : []),
  ];
  const programs = join(cache, `programs-${digest(...common, ...programFlags, closure(join(here, 'emulator.h'), []))}`);
  mkdirSync(programs, { recursive: true });
  const precompiled = join(programs, 'precompiled.h');
  await once(precompiled, async (path) => writeFileSync(path, `#include "${join(here, 'emulator.h')}"\n`));
  await once(`${precompiled}.gch`, (path) =>
    run('g++', [...programFlags, '-c', '-x', 'c++-header', precompiled, '-I', here, '-o', path]),
  );
  const quoted = (/** @type {string} */ text) => `"${text}"`;
  const definitions = [
    `-DEMULATOR_PROGRAMS=${quoted(programs)}`,
    `-DEMULATOR_HEADERS=${quoted(here)}`,
    `-DEMULATOR_FLAGS=${programFlags.map(quoted).join(', ')}`,
  ];

  const compile = async (/** @type {string} */ source) => {
    const isKernel = source.endsWith('.cu');
    const more = [
      ...(isKernel ? kernelFlags : []),
      ...(sanitize ? sanitizers : []),
      ...(source.endsWith('nvrtc.cc') ? definitions : []),
    ];
    const hash = digest(...common, ...more, closure(source, [here, kernelFolder]));
    const object = join(objects, `${basename(source)}-${hash}.o`);
    await once(object, (path) =>
      run('g++', [...flags, ...more, '-I', here, '-I', kernelFolder, '-c', source, '-o', path]),
    );
    return object;
  };

  const sources = kernels ?? filesOf(kernelFolder, '.cu');
  const own = filesOf(here, '.cc').filter((path) => !apart.some(({ source }) => source === basename(path)));
  const parts = await each([...apart.map(({ source }) => join(here, source)), ...own, ...sources], compile);

  const folder = join(cache, `driver-${digest(...common, ...parts, ...hide)}`);
  mkdirSync(folder, { recursive: true });
  const script = join(folder, 'symbols.map');
  writeFileSync(script, `{ global: *; ${hide.length > 0 ? `local: ${hide.join('; ')}; ` : ''}};\n`);
  const link = (/** @type {string} */ name, /** @type {readonly string[]} */ inputs) =>
    once(join(folder, name), (path) =>
      run('g++', [
        ...['-shared', '-Wl,-Bsymbolic', '-Wl,--no-undefined', `-Wl,-soname,${name}`, '-Wl,-rpath,$ORIGIN'],
        ...(sanitize ? sanitizers : []),
        ...['-o', path, ...inputs, '-ldl', '-lpthread'],
      ]),
    );
  const driver = join(folder, 'libcuda.so.1');
  await link('libcuda.so.1', [`-Wl,--version-script=${script}`, ...parts.slice(apart.length)]);
  await each([...apart.entries()], ([index, { library }]) => link(library, [parts[index], driver]));
  return { driver, libraries: folder };
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const built = await buildEmulator({ sanitize: argv.includes('--sanitize') });
  if ('reason' in built) {
    console.error(built.reason);
    process.exitCode = 1;
  } else {
    console.log(built.driver);
  }
}
