/** The text of docs/parity.md, from the tables and fixtures of the packages and what the conformance run has measured. */

/**
 * @typedef {object} Source The packages that the text is about, as modules.
 * @property {typeof import('../../packages/backend-testkit/src/index.ts')} testkit
 * @property {typeof import('../../packages/autograd/src/index.ts')} autograd
 *
 * @typedef {object} OpRow One op of the fixtures.
 * @property {string} family
 * @property {string} op
 * @property {number} samples
 * @property {readonly { sample: string, reason: string }[]} excluded
 *
 * @typedef {object} Facts What can be told without running anything.
 * @property {string} torch
 * @property {readonly OpRow[]} ops
 * @property {readonly { op: string, reason: string }[]} unsampled
 * @property {readonly { op: string, reason: string }[]} undifferentiated
 * @property {readonly { op: string, dtype: string, allowed: string, reason: string }[]} overrides
 * @property {number} programs
 * @property {number} refused
 */

/**
 * @param {Source} source
 * @returns {Promise<Facts>}
 */
export async function parityFacts({ testkit, autograd }) {
  const { programs, refused, torch } = await testkit.loadPrograms();
  const cases = Object.entries({ ...testkit.opCases, ...testkit.methodCases });
  /** @type {OpRow[]} */
  const ops = [];
  for (const family of testkit.families) {
    for (const { op, samples } of await testkit.loadFixture(family)) {
      const row = cases.find(([name]) => name === op)?.[1];
      const exclude = row && 'call' in row ? (row.exclude ?? {}) : {};
      ops.push({
        family,
        op,
        samples: samples.length,
        excluded: samples.flatMap(({ name }) => (exclude[name] ? [{ sample: name, reason: exclude[name] }] : [])),
      });
    }
  }
  return {
    torch,
    ops,
    unsampled: cases.flatMap(([op, row]) => ('none' in row ? [{ op, reason: row.none }] : [])),
    undifferentiated: Object.entries(autograd.rules).flatMap(([op, rule]) => {
      if (rule.kind === 'notImplemented') return [{ op, reason: `not implemented: ${rule.reason}` }];
      return rule.kind === 'noGradient' ? [{ op, reason: 'has none' }] : [];
    }),
    overrides: cases.flatMap(([op, row]) =>
      Object.entries(('call' in row && row.tolerance) || {}).map(([dtype, tolerance]) => ({
        op,
        dtype,
        allowed: inWords(tolerance),
        reason: ('call' in row && row.toleranceReason) || 'no reason given',
      })),
    ),
    programs: programs.length,
    refused: refused.length,
  };
}

/** @param {import('../../packages/backend-testkit/src/index.ts').Tolerance} tolerance */
function inWords(tolerance) {
  if (!('ulps' in tolerance)) return `${tolerance.rtol} relative + ${tolerance.atol} absolute`;
  const at = {
    element: 'the element',
    largest: 'the largest element of the tensor',
    largestOr1: 'the largest element, at least 1',
  };
  return `${tolerance.ulps} ulp of ${at[tolerance.of]}`;
}

const dtypeOrder = 'float64 float32 float16 bfloat16 int64 int32 int16 int8 uint8 bool'.split(' ');
const short = /** @type {Record<string, string>} */ ({
  float64: 'f64',
  float32: 'f32',
  float16: 'f16',
  bfloat16: 'bf16',
  int64: 'i64',
  int32: 'i32',
  int16: 'i16',
  int8: 'i8',
  uint8: 'u8',
  bool: 'bool',
});

/** Adds up the reports of one op. @param {readonly import('../../packages/backend-testkit/src/index.ts').CheckReport[]} reports */
function total(reports) {
  /** @param {'values' | 'inPlace' | 'traces' | 'gradients' | 'secondGradients'} key */
  const sum = (key) => reports.reduce((n, report) => n + report[key], 0);
  /** @param {'relative' | 'ulps'} key */
  const most = (key) => reports.reduce((n, report) => Math.max(n, report[key]), 0);
  const dtypes = dtypeOrder.filter((dtype) => reports.some((report) => [...report.dtypes].some((x) => x === dtype)));
  return {
    values: sum('values'),
    inPlace: sum('inPlace'),
    traces: sum('traces'),
    gradients: sum('gradients'),
    secondGradients: sum('secondGradients'),
    relative: most('relative'),
    ulps: most('ulps'),
    dtypes: dtypes.map((dtype) => short[dtype]).join(' '),
  };
}

/** A difference rounded up to one digit, so that the last bits of a processor don't change the file. @param {number} x */
function rounded(x) {
  if (x === 0) return '0';
  const unit = 10 ** Math.floor(Math.log10(x));
  return Number((Math.ceil(x / unit) * unit).toPrecision(1)).toExponential(0);
}

/** @param {number} x */
const ulps = (x) => (x === 0 ? '0' : String(Math.ceil(x * 2) / 2));

/** @param {string} text */
const cell = (text) => text.replaceAll('|', '\\|');

/** @param {OpRow} row */
export const rowStart = ({ op, samples, excluded }) => `| \`${op}\` | ${samples - excluded.length} |`;

/**
 * @param {Source} source
 * @param {Facts} facts
 * @param {ReadonlyMap<string, readonly import('../../packages/backend-testkit/src/index.ts').CheckReport[]>} reports by op
 */
export function parityText({ testkit }, facts, reports) {
  const samples = facts.ops.reduce((n, { samples, excluded }) => n + samples - excluded.length, 0);
  const excluded = facts.ops.flatMap(({ op, excluded }) => excluded.map((x) => ({ op, ...x })));
  const all = total([...reports.values()].flat());
  const lines = [
    '# Parity with PyTorch',
    '',
    `Written by \`npm run parity\`, which runs the conformance suite on the cpu backend against PyTorch ${facts.torch}; nothing here is edited by hand.`,
    `${facts.ops.length} ops and methods on ${samples} samples, ${facts.programs} random programs, and ${facts.refused} programs that autograd must refuse: all pass.`,
    `That is ${all.values} values, ${all.gradients} gradients, ${all.secondGradients} second gradients, ${all.inPlace} in-place forms and ${all.traces} replayed traces.`,
    '',
    '## What "agrees" means',
    '',
    'Shape and dtype are the same, and so is every element, within:',
    '',
    '| results | allowed difference |',
    '|---|---|',
    `| float64 | ${inWords(testkit.tolerances.float64)} |`,
    `| float32 of pointwise, index and movement ops | ${inWords(testkit.tolerances.float32)} |`,
    `| float32 where terms are added (reductions, products, softmax, losses, convolutions) and of all gradients | ${inWords(testkit.accumulated)} |`,
    `| float32 in random programs | ${inWords(testkit.composed)} |`,
    `| float16, bfloat16 | ${inWords(testkit.tolerances.float16)} |`,
    '| integers, bool, indices | none |',
    ...facts.overrides.map(({ op, dtype, allowed, reason }) => `| ${dtype} of \`${op}\`: ${reason} | ${allowed} |`),
    '',
    'A replayed trace gives the very same bits. The columns below count the tensors that were compared; "float64" is the largest relative difference (of an',
    'element or a thousandth of the largest one, whichever is more), "float32" the largest difference in units in the last place (ulp).',
    '',
  ];
  const head = [
    '| op | samples | dtypes | values | in place | traces | gradients | second | float64 | float32 |',
    '|---|---|---|---|---|---|---|---|---|---|',
  ];
  for (const family of testkit.families) {
    const rows = facts.ops.filter((row) => row.family === family);
    if (rows.length === 0) continue;
    lines.push(`## ${family}`, '', ...head);
    for (const row of rows) {
      const t = total(reports.get(row.op) ?? []);
      lines.push(
        `${rowStart(row)} ${t.dtypes} | ${t.values} | ${t.inPlace} | ${t.traces} | ${t.gradients} | ${t.secondGradients} | ` +
          `${rounded(t.relative)} | ${ulps(t.ulps)} |`,
      );
    }
    lines.push('');
  }
  const p = total(reports.get('program') ?? []);
  lines.push(
    '## Random programs',
    '',
    `${facts.programs} programs of 5 to 20 ops, with views and in-place writes: ${p.values} registers, ${p.gradients} gradients and ${p.secondGradients} second gradients agree,`,
    `float64 within ${rounded(p.relative)} relative, float32 within ${ulps(p.ulps)} ulp. ${facts.refused} programs that PyTorch's autograd refuses are refused with the same sentence.`,
    '',
    '## Samples left out',
    '',
    '| op | sample | reason |',
    '|---|---|---|',
    ...excluded.map(({ op, sample, reason }) => `| \`${op}\` | ${cell(sample)} | ${cell(reason)} |`),
    '',
    '## Ops without samples of their own',
    '',
    '| op | reason |',
    '|---|---|',
    ...facts.unsampled.map(({ op, reason }) => `| \`${op}\` | ${cell(reason)} |`),
    '',
    '## Ops without a derivative',
    '',
    '| op | derivative |',
    '|---|---|',
    ...facts.undifferentiated.map(({ op, reason }) => `| \`${op}\` | ${cell(reason)} |`),
    '',
  );
  return lines.join('\n');
}
