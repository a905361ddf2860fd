/** report.html: one self-contained page with the curves beside what counting reaches, and what the model writes. */
import { writeFile } from 'node:fs/promises';
import { lossCurve } from '@tenfold/train/svg';
import type { Settings } from './cli.ts';
import type { History } from './train.ts';

export interface Report {
  readonly settings: Settings;
  readonly device: string;
  readonly parameters: number;
  /** Bits per character of counting, by the length of the context. */
  readonly counted: readonly number[];
  readonly history: History;
  readonly prompt: string;
  readonly written: string;
}

const count = (n: number): string => n.toLocaleString('en');
const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/** Writes the page. Nothing in it depends on time or machine: the same seed gives the same page. */
export async function writeReport(path: string, report: Report): Promise<void> {
  await writeFile(path, page(report));
}

function page({ settings, device, parameters, counted, history, prompt, written }: Report): string {
  const { training, validation } = history;
  const [, reached] = validation.at(-1) ?? [0, Number.NaN];
  const { steps, batchSize, context, layers, heads, width, seed } = settings;
  const facts = [
    ['bits per character', reached.toFixed(3)],
    ['parameters', count(parameters)],
    ['layers × heads × width', `${layers} × ${heads} × ${width}`],
    ['context', `${context} characters`],
    ['steps × batch', `${count(steps)} × ${batchSize}`],
    ['device', device],
    ['seed', String(seed)],
  ];
  const best = Math.min(...counted);
  const at = (bits: number): [number, number][] => [
    [1, bits],
    [training.length, bits],
  ];
  const smoothing = Math.max(0, Math.min(0.98, 1 - 10 / training.length));
  const rows = [
    ...counted.map((bits, order) => [`counting behind ${order} character${order === 1 ? '' : 's'}`, bits] as const),
    ['this model', reached] as const,
  ].sort(([, a], [, b]) => b - a);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Moby-Dick by characters: ${reached.toFixed(3)} bits</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>Moby-Dick by characters</h1>
<p>A small GPT that learned to write on, and how many bits it needs for each character of chapters that it has not read.</p>
<dl>${facts.map(([name, value]) => `<div><dt>${name}</dt><dd>${value}</dd></div>`).join('')}</dl>
<section>
<h2>Learning</h2>
<figure>${lossCurve(
    {
      training: training.map((bits, i): [number, number] => [i + 1, bits]),
      validation: validation.map(([step, bits]): [number, number] => [step, bits]),
      'counting, at its best': at(best),
    },
    { smoothing, xLabel: 'step', yLabel: 'bits per character', width: 960, height: 380 },
  )}
<figcaption>Cross-entropy in bits: of each batch, smoothed, and of the validation text, beside the best that counting reaches.</figcaption></figure>
</section>
<section>
<h2>Beside counting</h2>
<table><thead><tr><th>model</th><th>bits per character</th></tr></thead><tbody>${rows
    .map(
      ([name, bits]) =>
        `<tr${name === 'this model' ? ' class="own"' : ''}><td>${name}</td><td>${bits.toFixed(3)}</td></tr>`,
    )
    .join('')}</tbody></table>
</section>
${written === '' ? '' : `<section>\n<h2>What it writes</h2>\n<blockquote><b>${escaped(prompt)}</b>${escaped(written)}</blockquote>\n</section>`}
</main>
</body>
</html>
`;
}

const style = `
:root { color-scheme: light dark; --ink: #1f2328; --soft: #5b6675; --paper: #f4f5f7; --card: #fff; --edge: #d9dde2; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9aa5b1; --paper: #05080c; --card: #0d1117; --edge: #30363d; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
main { max-width: 1040px; margin: 0 auto; padding: 40px 20px 80px; }
h1 { font-size: 30px; line-height: 1.2; margin: 0 0 6px; letter-spacing: -0.02em; }
h2 { font-size: 19px; margin: 0 0 4px; }
p, figcaption { color: var(--soft); margin: 0 0 14px; } figcaption { font-size: 14px; margin: 6px 0 0; }
dl { display: flex; flex-wrap: wrap; gap: 10px 28px; margin: 22px 0 30px; }
dt { color: var(--soft); font-size: 13px; } dd { margin: 0; font-variant-numeric: tabular-nums; font-weight: 600; }
section { background: var(--card); border: 1px solid var(--edge); border-radius: 10px; padding: 20px 22px; margin: 0 0 20px; }
figure { margin: 12px 0 0; } svg { display: block; max-width: 100%; height: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin-top: 8px; } th { color: var(--soft); font-weight: 500; font-size: 13px; }
th, td { text-align: left; padding: 6px 28px 6px 0; border-bottom: 1px solid var(--edge); } tbody tr:last-child td { border-bottom: 0; }
.own td { font-weight: 600; }
blockquote { margin: 12px 0 0; white-space: pre-wrap; font: 17px/1.6 Georgia, serif; }
`;
