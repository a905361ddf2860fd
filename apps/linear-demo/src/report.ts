/** report.html: one self-contained page with the loss curve, the coefficients beside the least-squares solution, and predictions against truth. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** One coefficient, in the units of the data. */
export interface Coefficient {
  readonly name: string;
  readonly fitted: number;
  /** The closed-form least-squares value, `null` where the columns are linearly dependent. */
  readonly exact: number | null;
  /** What one standard deviation of its column changes, in standard deviations of the target; `null` for the bias. */
  readonly effect: number | null;
}

/** One line of the check of the exported file. */
export interface Verified {
  readonly batch: number;
  /** Largest absolute difference between the file in onnxruntime and the model here. */
  readonly difference: number;
}

/** What the page shows. Nothing in it depends on time or machine: the same seed gives the same page. */
export interface Report {
  readonly title: string;
  readonly subtitle: string;
  readonly facts: readonly (readonly [string, string])[];
  readonly history: readonly number[];
  readonly target: string;
  /** What `exact` is: `'least squares'`, or `'true'` where the data was made by a formula. */
  readonly reference: 'least squares' | 'true';
  readonly coefficients: readonly Coefficient[];
  readonly truth: readonly number[];
  readonly prediction: readonly number[];
  readonly verified: readonly Verified[];
  /** Why the file was not run, if it was not. */
  readonly unverified: string | null;
}

const mostPoints = 2000;

function uplot(file: string): string {
  const entry = createRequire(import.meta.url).resolve('uplot');
  return readFileSync(join(dirname(entry), file), 'utf8');
}

const entities: { readonly [character: string]: string } = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escape = (text: string): string => text.replace(/[&<>"]/g, (character) => entities[character]);

/** Significant digits, with proper minus signs. */
const format = (value: number, digits = 6): string => Number(value.toPrecision(digits)).toString().replaceAll('-', '−');

/** The page as HTML. */
export function renderReport(report: Report): string {
  const sorted = report.truth
    .map((truth, i) => [truth, report.prediction[i]] as const)
    .slice(0, mostPoints)
    .sort((a, b) => a[0] - b[0]);
  const data = {
    history: report.history,
    target: report.target,
    truth: sorted.map(([truth]) => truth),
    prediction: sorted.map(([, prediction]) => prediction),
  };
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(report.title)}</title>
<style>
${uplot('uPlot.min.css')}
${style}
</style>
</head>
<body>
<main>
<header>
<h1>${escape(report.title)}</h1>
<p>${escape(report.subtitle)}</p>
</header>
<dl>${report.facts.map(([name, value]) => `<div><dt>${escape(name)}</dt><dd>${escape(value)}</dd></div>`).join('')}</dl>
<section>
<h2>Loss</h2>
<p>Mean squared error by epoch, in standardised units for a table. Drag to zoom, double-click to return.</p>
<div class="controls"><label><input type="checkbox" id="logarithmic" checked> logarithmic scale</label></div>
<div id="loss" role="img" aria-label="Loss by epoch, from ${format(report.history[0])} to ${format(report.history[report.history.length - 1])}"></div>
</section>
<section>
<h2>Coefficients</h2>
<p>${report.reference === 'true' ? 'What was learned, beside the formula that made the data.' : 'What was learned, beside the closed-form least-squares solution of the same data. The bars show what one standard deviation of a column changes.'}</p>
${coefficientTable(report)}
</section>
<section>
<h2>Predictions against truth</h2>
<p>Each point is a row; on the line the prediction is exact.${report.truth.length > mostPoints ? ` The first ${mostPoints} of ${report.truth.length} rows.` : ''}</p>
<div id="predictions" role="img" aria-label="Predicted against true ${escape(report.target)}"></div>
</section>
<section>
<h2>The exported file</h2>
${verification(report)}
</section>
</main>
<script>
${uplot('uPlot.iife.min.js')}
</script>
<script>
const data = ${JSON.stringify(data).replaceAll('<', '\\u003c')};
${script}
</script>
</body>
</html>
`;
}

function coefficientTable({ coefficients, reference }: Report): string {
  const largest = Math.max(...coefficients.map(({ effect }) => Math.abs(effect ?? 0)));
  const rows = coefficients.map(({ name, fitted, exact, effect }) => {
    const difference = exact === null ? '–' : format(fitted - exact, 2);
    const width = Math.round((Math.abs(effect ?? 0) / largest) * 100);
    const bar = effect === null ? '' : `<span class="${effect < 0 ? 'negative' : ''}" style="width:${width}%"></span>`;
    return (
      `<tr><th scope="row">${escape(name)}</th><td>${format(fitted)}</td><td>${exact === null ? '–' : format(exact)}</td>` +
      `<td>${difference}</td><td class="bar">${bar}</td></tr>`
    );
  });
  return (
    `<table><thead><tr><th scope="col">coefficient</th><th scope="col">fitted</th><th scope="col">${reference}</th>` +
    `<th scope="col">difference</th><th scope="col" class="bar">effect</th></tr></thead><tbody>${rows.join('')}</tbody></table>`
  );
}

function verification({ verified, unverified }: Report): string {
  if (unverified !== null) return `<p><code>model.onnx</code> was not run: ${escape(unverified)}</p>`;
  const rows = verified.map(({ batch, difference }) => `<tr><td>${batch}</td><td>${format(difference, 2)}</td></tr>`);
  return (
    '<p><code>model.onnx</code> was run in onnxruntime with random inputs and compared with the model here.</p>' +
    '<table class="narrow"><thead><tr><th scope="col">batch</th><th scope="col">largest difference</th></tr></thead>' +
    `<tbody>${rows.join('')}</tbody></table>`
  );
}

const style = `
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5b6675; --paper: #fbfaf7; --card: #fff; --edge: #e3e0d8; --blue: #2563a8; --red: #b4452f; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e6e1; --soft: #a2aab5; --paper: #15181d; --card: #1d2128; --edge: #333a44; --blue: #78aee8; --red: #e58a75; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
main { max-width: 860px; margin: 0 auto; padding: 40px 20px 80px; }
h1 { font-size: 30px; line-height: 1.2; margin: 0 0 6px; letter-spacing: -0.02em; }
h2 { font-size: 19px; margin: 0 0 4px; }
header p, section > p { color: var(--soft); margin: 0 0 14px; }
dl { display: flex; flex-wrap: wrap; gap: 10px 28px; margin: 22px 0 30px; }
dt { color: var(--soft); font-size: 13px; } dd { margin: 0; font-variant-numeric: tabular-nums; font-weight: 600; }
section { background: var(--card); border: 1px solid var(--edge); border-radius: 10px; padding: 20px 22px; margin: 0 0 20px; overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; } table.narrow { width: auto; min-width: 320px; }
th, td { text-align: right; padding: 7px 10px; border-bottom: 1px solid var(--edge); white-space: nowrap; }
th:first-child, td:first-child { text-align: left; padding-left: 0; } thead th { color: var(--soft); font-weight: 500; font-size: 13px; }
tbody tr:last-child > * { border-bottom: 0; }
.bar { width: 30%; text-align: left; } .bar span { display: block; height: 10px; border-radius: 3px; background: var(--blue); min-width: 2px; } .bar .negative { background: var(--red); }
.controls { font-size: 14px; color: var(--soft); margin: 0 0 8px; }
.u-legend { font-size: 13px; color: var(--soft); }
`;

const script = `
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const axis = (label) => ({ label, stroke: css('--soft'), grid: { stroke: css('--edge'), width: 1 }, ticks: { stroke: css('--edge'), width: 1 }, labelGap: 4, size: 62, values: (_, ticks) => ticks.map(tick) });
const tick = (value) => value == null ? '' : Math.abs(value) >= 1e-3 || value === 0 ? value.toLocaleString('en') : value.toExponential(0).replace('-', '−');
const short = (value) => value == null ? '–' : Number(value).toPrecision(4);
const size = (element, height) => ({ width: element.clientWidth, height });
const charts = [];
const show = (id, height, options, values) => {
  const element = document.getElementById(id);
  element.replaceChildren();
  const chart = new uPlot({ ...size(element, height), ...options }, values, element);
  charts.push([chart, element, height]);
  return chart;
};
const loss = (logarithmic) => show('loss', 300, {
  scales: { x: { time: false }, y: { distr: logarithmic ? 3 : 1 } },
  axes: [{ ...axis('epoch'), size: 46 }, axis('loss')],
  series: [{ label: 'epoch' }, { label: 'loss', stroke: css('--blue'), width: 2, points: { show: false }, value: (_, v) => short(v) }],
}, [data.history.map((_, i) => i + 1), data.history]);
loss(true);
document.getElementById('logarithmic').addEventListener('change', (event) => loss(event.target.checked));
show('predictions', 380, {
  scales: { x: { time: false } },
  axes: [{ ...axis('true ' + data.target), size: 46 }, axis('predicted')],
  series: [
    { label: 'truth', value: (_, v) => short(v) },
    { label: 'exact', stroke: css('--soft'), width: 1, dash: [6, 5], points: { show: false }, value: (_, v) => short(v) },
    { label: 'predicted', stroke: css('--blue'), paths: () => null, points: { show: true, size: 5, fill: css('--blue') + '66', stroke: css('--blue') }, value: (_, v) => short(v) },
  ],
}, [data.truth, data.truth, data.prediction]);
addEventListener('resize', () => charts.forEach(([chart, element, height]) => chart.setSize(size(element, height))));
`;
