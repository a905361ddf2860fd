/** report.html: one self-contained page with the curves, the confusion matrix, and every digit that was misread. */
import { writeFile } from 'node:fs/promises';
import type { Tensor } from '@tenfold/tensor-core';
import { confusionMatrix, lossCurve } from '@tenfold/train/svg';
import { encode } from 'fast-png';
import type { Settings } from './cli.ts';
import type { Evaluation, Reading } from './evaluate.ts';
import type { Trained } from './train.ts';

export interface Report {
  readonly settings: Settings;
  readonly device: string;
  readonly trained: Trained;
  /** How many of the test digits onnxruntime reads as the network here does. */
  readonly equal: number;
  /** The test digits, uint8 `[n, 28, 28]`. */
  readonly images: Tensor;
}

/** Of a network that has hardly learned, thousands of digits are misread. */
const mostShown = 300;

const percent = (share: number, digits = 2): string => `${(100 * share).toFixed(digits)} %`;
const count = (n: number): string => n.toLocaleString('en');

/** Writes the page. Nothing in it depends on time or machine: the same seed gives the same page. */
export async function writeReport(path: string, report: Report): Promise<void> {
  await writeFile(path, page(report, (await report.images.toTypedArray()) as Uint8Array));
}

function page({ settings, device, trained, equal }: Report, pixels: Uint8Array): string {
  const { losses, epochs, model, test } = trained;
  const total = test.readings.length;
  const misread = test.readings
    .map((reading, i) => ({ ...reading, picture: picture(pixels.subarray(i * 784, (i + 1) * 784)) }))
    .filter(({ label, prediction }) => label !== prediction)
    .sort((a, b) => b.confidence - a.confidence);
  const parameters = [...model.parameters()].reduce((sum, parameter) => sum + parameter.numel(), 0);
  const facts = [
    ['test accuracy', percent(test.accuracy)],
    ['misread', `${count(misread.length)} of ${count(total)}`],
    ['learned from', `${count(settings.limit)} digits`],
    ['epochs', String(settings.epochs)],
    ['batch size', String(settings.batchSize)],
    ['parameters', count(parameters)],
    ['device', device],
    ['seed', String(settings.seed)],
  ];
  // over about ten batches of a short run, and more of a long one
  const smoothing = Math.max(0, Math.min(0.97, 1 - 10 / losses.length));
  const byEpoch = (value: (epoch: Trained['epochs'][number]) => number) =>
    epochs.map((epoch, i): [number, number] => [i + 1, 100 * value(epoch)]);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Handwritten digits: ${percent(test.accuracy)}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>Handwritten digits</h1>
<p>A network of two convolutions that learned to read the digits of MNIST, and what it still gets wrong.</p>
<dl>${facts.map(([name, value]) => `<div><dt>${name}</dt><dd>${value}</dd></div>`).join('')}</dl>
<section>
<h2>Learning</h2>
<div class="pair">
<figure>${lossCurve(losses, { log: true, smoothing, xLabel: 'batch', yLabel: 'loss', width: 460, height: 300 })}
<figcaption>Cross-entropy of each batch, and smoothed.</figcaption></figure>
${
  epochs.length === 1
    ? ''
    : `<figure>${lossCurve(
        { training: byEpoch(({ accuracy }) => accuracy), test: byEpoch(({ testAccuracy }) => testAccuracy) },
        { xLabel: 'epoch', yLabel: 'accuracy, %', width: 460, height: 300 },
      )}
<figcaption>Digits read right. While it learns, a quarter of the network is left out at random: it does better on the test.</figcaption></figure>`
}
</div>
</section>
<section>
<h2>What is taken for what</h2>
<div class="pair">
<figure>${confusionMatrix(test.confusion, { width: 520, height: 480 })}
<figcaption>The test digits by what they are (rows) and what they were read as (columns).</figcaption></figure>
<figure>${commonMistakes(test.confusion)}</figure>
</div>
</section>
<section>
<h2>Misread digits</h2>
<p>${misread.length > mostShown ? `The ${mostShown} of ${count(misread.length)} that the network was surest of` : 'Those that the network was surest of come first'}: what it is → what it was read as, and how sure the network was.</p>
<ul>${misread.slice(0, mostShown).map(misreadDigit).join('')}</ul>
</section>
<section>
<h2>The exported file</h2>
<p><code>model.onnx</code> takes the pixels as they are, for any number of digits. In onnxruntime it reads ${count(equal)} of the ${count(total)} test digits as the network here does.</p>
</section>
</main>
</body>
</html>
`;
}

/** The ten pairs that are mixed up most often, in one direction. */
function commonMistakes(confusion: Evaluation['confusion']): string {
  const pairs = confusion
    .flatMap((row, label) => row.map((times, prediction) => ({ label, prediction, times })))
    .filter(({ label, prediction, times }) => label !== prediction && times > 0)
    .sort((a, b) => b.times - a.times);
  const rows = pairs
    .slice(0, 10)
    .map(({ label, prediction, times }) => `<tr><td>${label}</td><td>${prediction}</td><td>${times}</td></tr>`);
  return `<table><thead><tr><th>it is</th><th>read as</th><th>times</th></tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

const misreadDigit = ({ label, prediction, confidence, picture }: Reading & { readonly picture: string }): string =>
  `<li><img src="${picture}" alt="a ${label}, read as ${prediction}" width="56" height="56"><b>${label} → ${prediction}</b> ${percent(confidence, 1)}</li>`;

/** A digit as a PNG within the page. */
function picture(data: Uint8Array): string {
  const png = encode({ width: 28, height: 28, channels: 1, depth: 8, data });
  return `data:image/png;base64,${Buffer.from(png).toString('base64')}`;
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
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(300px, 1fr)); gap: 0 28px; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; } th { color: var(--soft); font-weight: 500; font-size: 13px; }
th, td { text-align: left; padding: 6px 28px 6px 0; border-bottom: 1px solid var(--edge); } tbody tr:last-child td { border-bottom: 0; }
ul { display: grid; grid-template-columns: repeat(auto-fill, minmax(76px, 1fr)); gap: 14px 10px; margin: 0; padding: 0; list-style: none; }
li { text-align: center; font-size: 13px; color: var(--soft); font-variant-numeric: tabular-nums; } li b { display: block; color: var(--ink); font-weight: 600; }
img { display: block; margin: 0 auto 4px; image-rendering: pixelated; }
@media (prefers-color-scheme: light) { img { filter: invert(1); } }
`;
