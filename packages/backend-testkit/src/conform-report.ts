/** A report as text and as a badge. */
import { type ConformReport, type Failure, fullName } from './conform.ts';
import type { TensorData } from './fixture.ts';

const shown = 20;

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

function tensorText({ dtype, shape, data }: TensorData): string {
  const values = data.length > 12 ? `${data.slice(0, 12).join(', ')}, …` : data.join(', ');
  return `${dtype}[${shape.join(', ')}] (${values})`;
}

function failureText(failure: Failure, module: string): string {
  const { tier, count, message, sample, link } = failure;
  const inputs = sample?.inputs.map((x) => (typeof x === 'object' && x !== null ? tensorText(x) : String(x)));
  const lines = [
    `✗ tier ${tier}  ${fullName(failure)}${count > 1 ? `  (the smallest of ${count} that fail)` : ''}`,
    `    ${message}`,
    ...(inputs ? [`    inputs: ${inputs.join(' · ')}`] : []),
    ...(sample?.args ? [`    arguments: ${JSON.stringify(sample.args)}`] : []),
    `    again: npx @tenfold/backend-testkit conform ${quoted(module)} --tier ${tier} --filter ${quoted(fullName(failure))}`,
    `    about: ${link}`,
  ];
  return lines.join('\n');
}

/** What failed, each with the smallest sample, the command that runs just it, and where its family is explained. `module` is what was given to `conform`. */
export function textReport(report: ConformReport, module: string): string {
  const { device, asked, reached, passed, failed, failures } = report;
  const list = failures.slice(0, shown).map((failure) => failureText(failure, module));
  if (failures.length > shown) list.push(`… and ${failures.length - shown} more ops; --json lists all`);
  const verdict =
    reached === null
      ? ''
      : `, ${reached === asked ? `tier ${asked} reached` : reached === 0 ? 'no tier reached' : `tier ${reached} of ${asked} reached`}`;
  return `${[...list, `${device}: ${passed} checks passed, ${failed} failed${verdict}`].join('\n\n')}\n`;
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
