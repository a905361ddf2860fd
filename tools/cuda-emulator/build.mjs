/**
 * Builds the emulated driver, `libcuda.so.1`, of the sources beside this file and of every kernel of `backend-cuda-native`:
 * `node tools/cuda-emulator/build.mjs [--sanitize]`. Needs g++ and nothing of the CUDA toolkit. Objects are kept by their contents.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { argv, pid } from 'node:process';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = fileURLToPath(new URL('../../', import.meta.url));
const kernelFolder = join(root, 'packages/backend-cuda-native/native/kernels');

/** What g++ is told of every source; `nvrtc.cc` tells it of kernels that are compiled at run time. */
const flags = ['-std=c++17', '-O2', '-ffp-contract=off', '-fPIC', '-fvisibility=hidden', '-Wall', '-Wextra', '-Wno-unknown-pragmas'];
const kernelFlags = ['-x', 'c++', '-DTENFOLD_EMULATOR', '-fno-strict-aliasing'];
const sanitizers = ['-fsanitize=address,undefined', '-fno-sanitize-recover=undefined', '-fno-omit-frame-pointer', '-g1'];

const jobs = 2;
const digest = (...parts) => parts.reduce((hash, part) => hash.update(part).update('\0'), createHash('sha256')).digest('hex').slice(0, 24);

/** @returns {Promise<string>} what the program wrote, once it has succeeded */
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

/** Runs `task` for each item, a few at a time. */
async function each(items, task) {
  const rest = items.entries();
  const results = [];
  const worker = async () => {
    for (const [index, item] of rest) results[index] = await task(item);
  };
  await Promise.all(Array.from({ length: jobs }, worker));
  return results;
}

const filesOf = (folder, ...endings) =>
  existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => endings.some((ending) => name.endsWith(ending)))
        .sort()
        .map((name) => join(folder, name))
    : [];

/** Makes `path` if it is not there; nobody ever sees half of it, though several processes build at once. */
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

/**
 * Builds what is not there yet.
 * @param {{ sanitize?: boolean, kernels?: readonly string[], hide?: readonly string[] }} [options] `kernels`: sources in place of those of
 * `backend-cuda-native`; `hide`: functions that this driver lacks.
 * @returns {Promise<{ driver: string, libraries: string } | { reason: string }>} the driver, and the folder of the other libraries
 */
export async function buildEmulator({ sanitize = false, kernels, hide = [] } = {}) {
  const compiler = spawnSync('g++', ['--version'], { encoding: 'utf8' });
  if (compiler.status !== 0) return { reason: 'the emulator of CUDA needs g++, which is not here' };
  if (process.platform !== 'linux') return { reason: `the emulator of CUDA is for Linux, and this is ${process.platform}` };

  const cache = join(root, '.cache/cuda-emulator');
  const objects = join(cache, 'objects');
  mkdirSync(objects, { recursive: true });
  const headers = (...folders) => folders.flatMap((folder) => filesOf(folder, '.h', '.cuh')).map((path) => readFileSync(path));
  const common = [compiler.stdout, ...flags, ...(sanitize ? sanitizers : [])];
  const ownHeaders = digest(...common, ...headers(here));
  const kernelHeaders = digest(ownHeaders, ...kernelFlags, ...headers(kernelFolder));

  const compile = async (source) => {
    const isKernel = source.endsWith('.cu');
    const object = join(objects, `${basename(source)}-${digest(isKernel ? kernelHeaders : ownHeaders, readFileSync(source))}.o`);
    const more = [...(isKernel ? kernelFlags : []), ...(sanitize ? sanitizers : [])];
    await once(object, (path) => run('g++', [...flags, ...more, '-I', here, '-I', kernelFolder, '-c', source, '-o', path]));
    return object;
  };
  /** A library in a folder that is named by what it was made of. */
  const link = async (name, sources, more = []) => {
    const parts = await each(sources, compile);
    const folder = join(cache, `${basename(name, '.so.1')}-${digest(...common, ...parts, ...hide, name, ...more)}`);
    mkdirSync(folder, { recursive: true });
    const library = join(folder, name);
    const script = join(folder, 'symbols.map');
    if (!existsSync(script)) writeFileSync(script, `{ ${hide.length > 0 ? `local: ${hide.join('; ')}; ` : ''}global: *; };\n`);
    const linking = ['-shared', '-Wl,-Bsymbolic', '-Wl,--no-undefined', `-Wl,-soname,${name}`, `-Wl,--version-script=${script}`];
    const checks = sanitize ? sanitizers : [];
    await once(library, (path) => run('g++', [...linking, ...checks, '-o', path, ...parts, ...more, '-ldl', '-lpthread']));
    return library;
  };

  const sources = kernels ?? filesOf(kernelFolder, '.cu');
  const apart = ['nvrtc.cc', 'cublaslt.cc'];
  const own = filesOf(here, '.cc').filter((path) => !apart.includes(basename(path)));
  const driver = await link('libcuda.so.1', [...own, ...sources]);
  return { driver, libraries: cache };
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
