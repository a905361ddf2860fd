/** A report as text and as a badge. */
import { excerpt } from './compare.ts';
import type { ConformReport, Failure } from './conform.ts';
import type { InputData, Sample } from './fixture.ts';
import { type Speed, slowBelow } from './speed.ts';
import { fullName } from './tiers.ts';

const shown = 20;

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

function inputText(x: Sample['inputs'][number]): string {
  if (typeof x !== 'object' || x === null) return String(x);
  return `${x.dtype}[${x.shape.join(', ')}] ${excerpt(x.data)}${x.view ? ` (${layouts[x.view]})` : ''}`;
}

const layouts: { readonly [V in NonNullable<InputData['view']>]: string } = {
  transpose: 'a transpose: the last two dims are stored the other way round',
  expand: 'expanded: one element with stride 0',
  slice: 'every second element of a larger tensor',
};

/** What was given to `conform`, for commands that can be pasted. */
export interface ReportOptions {
  /** The flag `--device`, if it was given. */
  readonly device?: string | undefined;
}

function failureText(failure: Failure, module: string, { device }: ReportOptions): string {
  const { tier, count, message, sample, link } = failure;
  const name = fullName(failure);
  const command = [
    `npx @tenfold/backend-testkit conform ${quoted(module)}`,
    ...(device ? [`--device ${quoted(device)}`] : []),
    `--tier ${tier} --filter ${quoted(name)}`,
  ];
  const lines = [
    `✗ tier ${tier}  ${name}${count > 1 ? `  (the smallest of ${count} that fail)` : ''}`,
    message.replaceAll(/^/gm, '    '),
    ...(sample?.inputs ?? []).map((x, i) => `    input ${i}   ${inputText(x)}`),
    ...(sample?.args ? [`    arguments ${JSON.stringify(sample.args)}`] : []),
    `    again     ${command.join(' ')}`,
    `    about     ${link}`,
  ];
  return lines.join('\n');
}

/** A table: a row for each family, a column for each tier. */
function familiesText({ asked, families }: ConformReport): string {
  const tiers = [1, 2, 3].filter((tier) => tier <= asked);
  const names = [...new Set(families.map(({ family }) => family))];
  const cell = (tier: number, name: string): string => {
    const count = families.find((x) => x.tier === tier && x.family === name);
    if (!count) return '';
    return count.failed === 0 ? `${count.passed}` : `${count.passed} of ${count.passed + count.failed}`;
  };
  const row = (first: string, cells: readonly string[]) =>
    `  ${first.padEnd(14)}${cells.map((text) => text.padStart(14)).join('')}`.trimEnd();
  return [
    row(
      'checks passed',
      tiers.map((tier) => `tier ${tier}`),
    ),
    ...names.map((name) =>
      row(
        name,
        tiers.map((tier) => cell(tier, name)),
      ),
    ),
  ].join('\n');
}

const milliseconds = (x: number): string => x.toPrecision(3).padStart(9);

function speedText(speed: readonly Speed[]): string {
  const width = Math.max(...speed.map(({ op }) => op.length));
  const lines = speed.map(
    ({ op, work, milliseconds: own, derivedMilliseconds, ratio }) =>
      `${ratio < slowBelow ? '!' : ' '} ${op.padEnd(width)} ${milliseconds(own)} ${milliseconds(derivedMilliseconds)} ${`${ratio.toFixed(2)}×`.padStart(8)}  ${work}`,
  );
  return ['Overrides and what core derives in their place, in milliseconds (no check: machines differ)', ...lines].join(
    '\n',
  );
}

/**
 * What failed, each with the smallest sample, the command that runs just it, and where its family is explained; how many checks passed by family; how fast
 * overrides are; and a line that sums up. `module` is what was given to `conform`.
 */
export function textReport(report: ConformReport, module: string, options: ReportOptions = {}): string {
  const { device, asked, reached, passed, failed, failures, speed, warnings } = report;
  const parts = failures.slice(0, shown).map((failure) => failureText(failure, module, options));
  if (failures.length > shown) parts.push(`… and ${failures.length - shown} more ops; --json lists all`);
  if (reached !== null) parts.push(familiesText(report));
  if (speed.length > 0) parts.push(speedText(speed));
  if (warnings.length > 0) parts.push(warnings.map((text) => `! ${text}`).join('\n'));
  const verdict =
    reached === null
      ? ''
      : `, ${reached === asked ? `tier ${asked} reached` : reached === 0 ? 'no tier reached' : `tier ${reached} of ${asked} reached`}`;
  const sum =
    passed + failed > 0 ? `${passed} checks passed, ${failed} failed${verdict}` : `${speed.length} calls timed`;
  return `${[...parts, `${device}: ${sum}`].join('\n\n')}\n`;
}

/** A small SVG that says which tier was reached. */
export function badge({ reached }: ConformReport): string {
  const label = reached ? `tier ${reached}` : 'not conformant';
  const color = reached ? '#2a7f3e' : '#a3332b';
  const right = 14 + label.length * 7;
  const width = 58 + right;
  const text = (x: number, content: string) => `<text x="${x}" y="14" text-anchor="middle">${content}</text>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="20" role="img" aria-label="tenfold: ${label}"><title>tenfold: ${label}</title><rect width="58" height="20" fill="#444"/><rect x="58" width="${right}" height="20" fill="${color}"/><g fill="#fff" font-family="Verdana,sans-serif" font-size="11">${text(29, 'tenfold')}${text(58 + right / 2, label)}</g></svg>\n`;
}
