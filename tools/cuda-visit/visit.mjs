/**
 * One visit to a machine with an NVIDIA card: the backend's tests, the same under compute-sanitizer, and the bench beside PyTorch. Plain Node; it runs in
 * what pack.mjs packs. After each step `report.md` of the report's folder is written anew, so that a visit that is cut short leaves what it found.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const help = `node tools/cuda-visit/visit.mjs [flags]

  --out DIR         the folder of the report (default: report)
  --steps LIST      of tests, sanitizer, bench (default: all)
  --every N         every Nth test only (default: 1)
  --sanitized N     under compute-sanitizer every Nth test (default: 20)
  --minutes N       at most for each process (default: 8)
  --jobs N          test files at a time (default: half of the cores, at most 8)
  --bench FLAGS     further flags of the bench, as one argument (see its --help)
  --quick           tiny sizes in the bench, whose times say nothing
  --help            this text

TENFOLD_PYTHON names the Python with PyTorch (default: python3), TENFOLD_CUDA_DRIVER another driver library.
`;

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: 'report' },
    steps: { type: 'string', default: 'tests,sanitizer,bench' },
    every: { type: 'string', default: '1' },
    sanitized: { type: 'string', default: '20' },
    minutes: { type: 'string', default: '8' },
    jobs: { type: 'string', default: String(Math.min(8, Math.ceil(availableParallelism() / 2))) },
    bench: { type: 'string', default: '' },
    quick: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(help);
  process.exit(0);
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const out = resolve(values.out);
mkdirSync(out, { recursive: true });

const folder = join(root, 'packages/backend-cuda-native/tests');
const runTests = join(folder, 'run-tests.js');
/** @type {readonly string[]} */
const files = JSON.parse(readFileSync(join(folder, 'list.json'), 'utf8'));

/** @typedef {{ code: number | null, stdout: string, stderr: string, seconds: number }} Run */

/**
 * Runs a program to its end, or to the limit.
 * @param {string} file @param {readonly string[]} args @param {NodeJS.ProcessEnv} [env] @returns {Promise<Run>}
 */
function run(file, args, env = {}) {
  const start = Date.now();
  const child = spawn(file, args, {
    cwd: root,
    env: { ...process.env, ...env },
    timeout: Number(values.minutes) * 60_000,
    killSignal: 'SIGKILL',
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (data) => {
    stdout += data;
  });
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  return new Promise((done) => {
    const end = (/** @type {number | null} */ code) =>
      done({ code, stdout, stderr, seconds: (Date.now() - start) / 1000 });
    child.on('error', (error) => {
      stderr += error.message;
      end(null);
    });
    child.on('close', end);
  });
}

/** @type {string[]} */
const sections = [];
let isGood = true;

/** @param {string} heading @param {readonly string[]} lines */
function report(heading, lines) {
  sections.push([`## ${heading}`, '', ...lines].join('\n'));
  writeFileSync(
    join(out, 'report.md'),
    `# A visit to a card, ${new Date().toISOString()}\n\n${sections.join('\n\n')}\n`,
  );
  process.stdout.write(`${heading}\n${lines.join('\n')}\n\n`);
}

/** What a program says, in one line. @param {string} file @param {readonly string[]} args */
function ask(file, args) {
  const { stdout, stderr, error } = spawnSync(file, args, { encoding: 'utf8' });
  return (error?.message ?? (stdout || stderr)).trim().split('\n').at(-1) ?? '';
}

function facts() {
  const devices = `import('@tenfold/backend-cuda-native').then(async ({ cuda }) => console.log(JSON.stringify(await cuda().probe())))`;
  const torch =
    'import torch; print("PyTorch", torch.__version__, "CUDA", torch.version.cuda, torch.backends.cudnn.version())';
  report('The machine', [
    `- ${ask('nvidia-smi', ['--query-gpu=name,driver_version,memory.total,clocks.max.sm,clocks.max.mem,power.limit', '--format=csv,noheader'])}`,
    `- ${spawnSync(process.execPath, ['-e', devices], { cwd: root, encoding: 'utf8' }).stdout.trim()}`,
    `- ${ask(process.env.TENFOLD_PYTHON ?? 'python3', ['-c', torch])}`,
    `- Node ${process.version}`,
  ]);
}

/** The lines of a run of tests, and its last, which counts. @param {Run} run */
function read({ stdout, stderr, code }) {
  const lines = stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
  const counts = lines.find(({ passed }) => passed !== undefined);
  const failures = lines.filter(({ error }) => error !== undefined);
  if (!counts)
    failures.push({
      test: 'the process',
      error: `ended with ${code}: ${stderr.trim().split('\n').slice(-3).join(' ')}`,
    });
  return { counts: counts ?? { passed: 0, failed: 1, skipped: 0 }, failures };
}

async function tests() {
  const waiting = [...files];
  /** @type {Record<string, ReturnType<typeof read> & { seconds: number }>} */
  const found = {};
  const worker = async () => {
    for (let file = waiting.shift(); file; file = waiting.shift()) {
      const ran = await run(process.execPath, [runTests, '--every', values.every, join(folder, file)]);
      found[file] = { ...read(ran), seconds: ran.seconds };
    }
  };
  await Promise.all(Array.from({ length: Number(values.jobs) }, worker));
  writeFileSync(join(out, 'tests.json'), JSON.stringify(found, null, 2));
  const lines = ['| tests | passed | failed | skipped | seconds |', '| --- | --- | --- | --- | --- |'];
  for (const [file, { counts, seconds }] of Object.entries(found).sort())
    lines.push(
      `| ${basename(file, '.js')} | ${counts.passed} | ${counts.failed} | ${counts.skipped} | ${seconds.toFixed(1)} |`,
    );
  const failures = Object.entries(found).flatMap(([file, { failures }]) => failures.map((each) => ({ file, ...each })));
  isGood &&= failures.length === 0;
  if (failures.length > 0) lines.push('', `The first of ${failures.length} failures:`, '');
  for (const { file, test, error } of failures.slice(0, 30))
    lines.push(`- ${file}: ${test ?? ''}: ${error.split('\n')[0]}`);
  report('Tests', lines);
}

/** compute-sanitizer of the PATH or of the toolkit. */
const sanitizer = ['compute-sanitizer', '/usr/local/cuda/bin/compute-sanitizer'].find((file) =>
  file.startsWith('/') ? existsSync(file) : spawnSync(file, ['--version']).status === 0,
);

async function sanitized() {
  if (!sanitizer) return report('compute-sanitizer', ['It is not installed here.']);
  const lines = [];
  for (const tool of ['memcheck', 'racecheck']) {
    const args = ['--tool', tool, '--target-processes', 'all', '--error-exitcode', '99', process.execPath, runTests];
    const some = ['--every', values.sanitized, ...files.map((file) => join(folder, file))];
    // each buffer is an allocation of its own: else a stray access lands in a neighbour
    const ran = await run(sanitizer, [...args, ...some], { TENFOLD_CUDA_NO_CACHE: '1' });
    writeFileSync(join(out, `${tool}.log`), `${ran.stdout}\n${ran.stderr}`.slice(-8_000_000));
    const summary = ran.stdout.split('\n').filter((line) => /SUMMARY/.test(line));
    const { counts } = read(ran);
    isGood &&= ran.code === 0;
    lines.push(
      `- ${tool}: ${summary.join('; ') || 'no summary'}; ended with ${ran.code} after ${ran.seconds.toFixed(0)} s; ${counts.passed} tests passed, ${counts.failed} failed`,
    );
  }
  report('compute-sanitizer', lines);
}

async function bench() {
  const main = join(root, 'apps/bench/dist/main.js');
  const size = values.quick ? ['--quick', '--ms', '2', '--rounds', '1'] : ['--write', join(out, 'cuda.md')];
  const ran = await run(process.execPath, [
    main,
    '--device',
    'cuda',
    ...size,
    ...values.bench.split(' ').filter(Boolean),
  ]);
  isGood &&= ran.code === 0;
  report('Bench', ['```', ran.stdout.trim(), ran.stderr.trim().slice(-2000), '```']);
}

const steps = { tests, sanitizer: sanitized, bench };
facts();
for (const [name, step] of Object.entries(steps)) if (values.steps.split(',').includes(name)) await step();
process.exitCode = isGood ? 0 : 1;
