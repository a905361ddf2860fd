/**
 * Builds the emulated driver, `libcuda.so.1`, of the sources beside this file and of every kernel of `backend-cuda-native`, and the libraries that go with it:
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

const jobs = 2;
const digest = (...parts) =>
  parts
    .reduce((hash, part) => hash.update(part).update('\0'), createHash('sha256'))
    .digest('hex')
    .slice(0, 24);

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
  const rest = [...items].entries();
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
  if (process.platform !== 'linux')
    return { reason: `the emulator of CUDA is for Linux, and this is ${process.platform}` };

  const cache = join(root, '.cache/cuda-emulator');
  const objects = join(cache, 'objects');
  mkdirSync(objects, { recursive: true });
  const headers = (...folders) =>
    folders.flatMap((folder) => filesOf(folder, '.h', '.cuh')).map((path) => readFileSync(path));
  const common = [compiler.stdout, ...flags, ...(sanitize ? sanitizers : [])];
  const ownHeaders = digest(...common, ...headers(here));
  const kernelHeaders = digest(ownHeaders, ...kernelFlags, ...headers(kernelFolder));

  /** What NVRTC's stand-in compiles with, and where: a folder per set of headers and options. */
  const programFlags = [
    ...flags.map((flag) => (flag === '-O2' ? '-O1' : flag)),
    ...kernelFlags,
    ...(sanitize ? sanitizers : []),
  ];
  const programs = join(cache, `programs-${digest(kernelHeaders, ...programFlags)}`);
  mkdirSync(programs, { recursive: true });
  const precompiled = join(programs, 'precompiled.h');
  await once(precompiled, async (path) => writeFileSync(path, `#include "${join(here, 'emulator.h')}"\n`));
  await once(`${precompiled}.gch`, (path) =>
    run('g++', [...programFlags, '-c', '-x', 'c++-header', precompiled, '-I', here, '-o', path]),
  );
  const quoted = (text) => `"${text}"`;
  const definitions = [
    `-DEMULATOR_PROGRAMS=${quoted(programs)}`,
    `-DEMULATOR_HEADERS=${quoted(here)}`,
    `-DEMULATOR_FLAGS=${programFlags.map(quoted).join(', ')}`,
  ];

  const compile = async (source) => {
    const isKernel = source.endsWith('.cu');
    const more = [
      ...(isKernel ? kernelFlags : []),
      ...(sanitize ? sanitizers : []),
      ...(source.endsWith('nvrtc.cc') ? definitions : []),
    ];
    const hash = digest(isKernel ? kernelHeaders : ownHeaders, ...more, readFileSync(source));
    const object = join(objects, `${basename(source)}-${hash}.o`);
    await once(object, (path) =>
      run('g++', [...flags, ...more, '-I', here, '-I', kernelFolder, '-c', source, '-o', path]),
    );
    return object;
  };

  const sources = kernels ?? filesOf(kernelFolder, '.cu');
  const apart = { 'nvrtc.cc': 'libnvrtc.so.12', 'cublaslt.cc': 'libcublasLt.so.12' };
  const own = filesOf(here, '.cc').filter((path) => !(basename(path) in apart));
  const parts = await each([...own, ...sources, ...Object.keys(apart).map((name) => join(here, name))], compile);

  const folder = join(cache, `driver-${digest(...common, ...parts, ...hide)}`);
  mkdirSync(folder, { recursive: true });
  const script = join(folder, 'symbols.map');
  writeFileSync(script, `{ ${hide.length > 0 ? `local: ${hide.join('; ')}; ` : ''}global: *; };\n`);
  const link = (name, ...inputs) =>
    once(join(folder, name), (path) =>
      run('g++', [
        ...['-shared', '-Wl,-Bsymbolic', '-Wl,--no-undefined', `-Wl,-soname,${name}`, '-Wl,-rpath,$ORIGIN'],
        ...(sanitize ? sanitizers : []),
        ...['-o', path, ...inputs, '-ldl', '-lpthread'],
      ]),
    );
  const driver = join(folder, 'libcuda.so.1');
  const ofApart = Object.keys(apart).length;
  await link('libcuda.so.1', `-Wl,--version-script=${script}`, ...parts.slice(0, -ofApart));
  await each(Object.values(apart).entries(), ([index, name]) =>
    link(name, parts[parts.length - ofApart + index], driver),
  );
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
