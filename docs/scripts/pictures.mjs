/**
 * The pictures of the guide. Graphs are drawn from what autograd has recorded: `graphToDot` says what is in them, Graphviz (as WebAssembly) where it stands.
 *
 *     node docs/scripts/pictures.mjs      writes docs/public/pictures
 */
import '@tenfold/backend-cpu/register';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { grad, graphToDot } from '@tenfold/autograd';
import {
  CosineAnnealingLR,
  CosineAnnealingWarmRestarts,
  CyclicLR,
  ExponentialLR,
  LinearLR,
  OneCycleLR,
  PolynomialLR,
  SequentialLR,
  SGD,
  StepLR,
} from '@tenfold/optim';
import { ones, tensor } from '@tenfold/tensor-core';
import { instance } from '@viz-js/viz';
import { docs } from './pages.mjs';

/** @typedef {import('@tenfold/optim').LRScheduler} LRScheduler */

/** The colours for who reads the file alone; the site has its own for the same classes. */
const style = `<style>
  text { font-family: ui-monospace, Menlo, monospace; fill: #222; } .quiet { fill: #666; }
  .line { fill: none; stroke: #666; } .head { fill: #666; } .back { fill: none; stroke: #d0662a; } .back-head { fill: #d0662a; }
  .value { fill: #d8eef5; stroke: #0a7fa6; } .op { fill: #f3f3f5; stroke: #888; } .saved { fill: #fce3cf; stroke: #d0662a; } .result { fill: #dcf0d4; stroke: #5a9a48; }
  @media (prefers-color-scheme: dark) {
    text { fill: #eee; } .quiet { fill: #aaa; } .line { stroke: #aaa; } .head { fill: #aaa; }
    .value { fill: #17414f; } .op { fill: #2c2d33; } .saved { fill: #56371d; } .result { fill: #274a20; }
  }
</style>`;

/**
 * @param {string} title
 * @param {number} width
 * @param {number} height
 * @param {readonly string[]} parts
 */
const svg = (title, width, height, parts) => {
  const lines = [`<title>${title}</title>`, style, ...parts];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" role="img">\n${lines.join('\n')}\n</svg>\n`;
};

/** @param {number} x */
const round = (x) => Number(x.toFixed(1));

/** @param {string} text */
const plain = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/**
 * @param {number} x of its middle
 * @param {number} y of its middle
 * @param {string} text
 */
const words = (x, y, text, { size = 12, kind = '', anchor = 'middle' } = {}) =>
  `<text x="${round(x)}" y="${round(y + size * 0.35)}" font-size="${size}" text-anchor="${anchor}"${kind && ` class="${kind}"`}>${plain(text)}</text>`;

/**
 * A box with lines of text.
 * @param {number} x of its left side
 * @param {number} y of its upper side
 * @param {number} width
 * @param {number} height
 * @param {string} kind
 * @param {string} text
 */
function box(x, y, width, height, kind, text) {
  const lines = text === '' ? [] : text.split('\n');
  return [
    `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" rx="5" class="${kind}"/>`,
    ...lines.map((line, i) => words(x + width / 2, y + height / 2 + (i - (lines.length - 1) / 2) * 15, line)),
  ].join('\n');
}

/**
 * A straight arrow.
 * @param {readonly [number, number]} from
 * @param {readonly [number, number]} to
 */
function arrow(from, to, { back = false, dashed = false } = {}) {
  const angle = Math.atan2(to[1] - from[1], to[0] - from[0]);
  const corner = (/** @type {number} */ turn) =>
    `${(to[0] - 8 * Math.cos(angle + turn)).toFixed(1)},${(to[1] - 8 * Math.sin(angle + turn)).toFixed(1)}`;
  return (
    `<path d="M${from} L${to}" class="${back ? 'back' : 'line'}"${dashed ? ' stroke-dasharray="4 3"' : ''}/>` +
    `<path d="M${to} L${corner(0.4)} L${corner(-0.4)}Z" class="${back ? 'back-head' : 'head'}"/>`
  );
}

/** What Graphviz's colours of `graphToDot` stand for. */
const kinds = /** @type {{ [color: string]: string }} */ ({
  lightgrey: 'op',
  lightblue: 'value',
  orange: 'saved',
  darkolivegreen1: 'result',
});

/**
 * Draws DOT.
 * @param {string} title
 * @param {string} dot
 */
async function drawn(title, dot) {
  const layout = /** @type {any} */ ((await instance()).renderJSON(dot));
  const [, , width, height] = layout.bb.split(',').map(Number);
  const margin = 8;
  const at = (/** @type {string} */ pair) => {
    const [x, y] = pair.split(',').map(Number);
    return /** @type {[number, number]} */ ([+(x + margin).toFixed(1), +(height - y + margin).toFixed(1)]);
  };
  const parts = [];
  for (const { pos, dir } of layout.edges ?? []) {
    const points = pos.split(' ');
    const end = points[0].startsWith('e,') ? at(points.shift().slice(2)) : undefined;
    const [first, ...rest] = points.map(at);
    parts.push(
      `<path d="M${first} C${rest.join(' ')}" class="line"${dir === 'none' ? ' stroke-dasharray="4 3"' : ''}/>`,
    );
    if (end) parts.push(arrow(rest.at(-1), end));
  }
  for (const { label, fillcolor = 'lightgrey', pos, width: w, height: h } of layout.objects) {
    const [x, y] = at(pos);
    parts.push(
      box(
        +(x - w * 36).toFixed(1),
        +(y - h * 36).toFixed(1),
        w * 72,
        h * 72,
        kinds[fillcolor],
        label.replaceAll('\\n', '\n'),
      ),
    );
  }
  return svg(title, Math.ceil(width + 2 * margin), Math.ceil(height + 2 * margin), parts);
}

/** The text of `graphToDot`, with letters as large as ours. @param {string} dot */
const larger = (dot) =>
  dot
    .replace('fontsize="10"', 'fontsize="13", margin="0.14,0.07"')
    .replace('digraph {', 'digraph {\n  ranksep=0.3; nodesep=0.3;');

function walk() {
  const x = ones([2, 2], { requiresGrad: true });
  const y = x.add(2);
  return drawn('The graph of out', larger(graphToDot(y.mul(y).mul(3).mean(), { params: { x } })));
}

function saved() {
  const a = tensor([1, 2], { requiresGrad: true });
  return drawn('Saved tensors of exp and mul', larger(graphToDot(a.exp().mul(a), { params: { a }, showSaved: true })));
}

function second() {
  const t = tensor([3], { requiresGrad: true });
  const [first] = grad(t.pow(3).sum(), t, { createGraph: true });
  return drawn('The graph of a first derivative', larger(graphToDot(first, { params: { t } })));
}

function views() {
  const cells = Array.from({ length: 6 }, (_, i) =>
    box(150 + i * 44, 120, 44, 34, i === 1 || i === 4 ? 'saved' : 'value', `${i}`),
  );
  return svg('Two tensors over one storage', 560, 190, [
    box(20, 16, 230, 44, 'op', 'x   shape [2, 3]\nstrides [3, 1], offset 0'),
    box(310, 16, 230, 44, 'op', 'x.select(1, 1)   shape [2]\nstrides [3], offset 1'),
    arrow([135, 60], [210, 118]),
    arrow([425, 60], [218, 118], { dashed: true }),
    arrow([425, 60], [348, 118], { dashed: true }),
    ...cells,
    words(140, 137, 'storage', { anchor: 'end', kind: 'quiet' }),
    words(282, 176, 'two tensors, one memory: a write to either is seen by both', { size: 11, kind: 'quiet' }),
  ]);
}

function versions() {
  const row = (/** @type {number} */ y, /** @type {string} */ version, /** @type {string} */ text) => [
    box(250, y, 190, 34, 'value', text),
    box(450, y, 90, 34, 'op', version),
  ];
  return svg('A storage, its version, and what a node saved', 580, 200, [
    words(20, 37, 'e = b.exp()', { anchor: 'start' }),
    ...row(20, 'version 0', '2.7183   7.3891'),
    box(20, 66, 190, 44, 'saved', 'ExpBackward0\nsaved e, version 0'),
    arrow([210, 88], [300, 56], { dashed: true }),
    words(20, 147, 'e.add_(1)', { anchor: 'start' }),
    ...row(130, 'version 1', '3.7183   8.3891'),
    arrow([345, 56], [345, 128]),
    words(290, 186, 'backward: saved at 0, now at 1, so an error and no wrong gradient', { size: 11, kind: 'quiet' }),
  ]);
}

function vmap() {
  const rows = (
    /** @type {number} */ x,
    /** @type {number} */ n,
    /** @type {number} */ width,
    /** @type {string} */ kind,
  ) => Array.from({ length: n }, (_, i) => box(x, 40 + i * 30, width, 24, kind, ''));
  return svg('A function of one sample and of a batch', 560, 190, [
    words(60, 20, 'one sample', { kind: 'quiet' }),
    ...rows(20, 1, 80, 'value'),
    arrow([105, 52], [135, 52]),
    box(140, 36, 50, 32, 'op', 'f'),
    arrow([194, 52], [220, 52]),
    ...rows(224, 1, 24, 'result'),
    words(330, 20, 'a batch', { kind: 'quiet' }),
    ...rows(290, 4, 80, 'value'),
    arrow([376, 96], [402, 96]),
    box(406, 76, 84, 40, 'op', 'vmap(f)'),
    arrow([494, 96], [516, 96]),
    ...rows(520, 4, 24, 'result'),
    words(280, 178, 'each op runs once, for all rows together', { size: 11, kind: 'quiet' }),
  ]);
}

function road() {
  const stops = [
    ['transforms', 'vmap rewrites'],
    ['autograd', 'records a node'],
    ['interpreters', 'tracers listen'],
    ['kernel', 'a backend computes'],
  ];
  return svg('The road of an op', 680, 150, [
    words(46, 60, 'x.mul(y)'),
    ...stops.flatMap(([name, what], i) => {
      const x = 110 + i * 144;
      return [
        arrow([i ? x - 22 : 84, 60], [x - 2, 60]),
        box(x, 38, 120, 44, i === 3 ? 'result' : i === 1 ? 'saved' : 'op', name),
        words(x + 60, 100, what, { size: 11, kind: 'quiet' }),
      ];
    }),
    words(340, 134, 'one road for every op, whoever calls it', { size: 11, kind: 'quiet' }),
  ]);
}

/** The learning rates of schedules over 100 steps, as the schedules give them. */
function schedules() {
  const steps = 100;
  /** @type {readonly [name: string, make: (optimizer: SGD) => LRScheduler][]} */
  const panels = [
    ['StepLR', (optimizer) => new StepLR(optimizer, 25, { gamma: 0.5 })],
    ['ExponentialLR', (optimizer) => new ExponentialLR(optimizer, 0.97)],
    ['PolynomialLR', (optimizer) => new PolynomialLR(optimizer, { totalIters: steps, power: 2 })],
    ['CosineAnnealingLR', (optimizer) => new CosineAnnealingLR(optimizer, steps)],
    [
      '… after LinearLR',
      (optimizer) =>
        new SequentialLR(
          optimizer,
          [new LinearLR(optimizer, { startFactor: 0.01, totalIters: 15 }), new CosineAnnealingLR(optimizer, 85)],
          [15],
        ),
    ],
    ['CosineAnnealingWarmRestarts', (optimizer) => new CosineAnnealingWarmRestarts(optimizer, 15, { tMult: 2 })],
    ['CyclicLR, triangular2', (optimizer) => new CyclicLR(optimizer, 0.1, 1, { stepSizeUp: 16, mode: 'triangular2' })],
    ['OneCycleLR', (optimizer) => new OneCycleLR(optimizer, 1, { totalSteps: steps })],
  ];
  const [width, height] = [170, 60];
  return svg(
    'Learning rates of schedules',
    4 * (width + 20) + 20,
    230,
    panels.flatMap(([name, make], i) => {
      const [x, y] = [20 + (i % 4) * (width + 20), 24 + Math.floor(i / 4) * 106];
      const optimizer = new SGD([ones([1], { requiresGrad: true })], { lr: 1, momentum: 0.9 });
      const scheduler = make(optimizer);
      const points = Array.from({ length: steps }, (_, step) => {
        if (step > 0) scheduler.step();
        return `${round(x + (step / steps) * width)},${round(y + (1 - optimizer.paramGroups[0].lr) * height)}`;
      });
      return [
        `<path d="M${x},${y} V${y + height} H${x + width}" class="line"/>`,
        `<polyline points="${points.join(' ')}" class="back"/>`,
        words(x + width / 2, y + height + 16, name, { size: 10 }),
      ];
    }),
  );
}

/** Every picture by the name of its file. */
export const pictures = async () => ({
  'walk.svg': await walk(),
  'saved.svg': await saved(),
  'second.svg': await second(),
  'views.svg': views(),
  'versions.svg': versions(),
  'vmap.svg': vmap(),
  'road.svg': road(),
  'schedules.svg': schedules(),
});

export const folder = join(docs, 'public/pictures');

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(await pictures())) writeFileSync(join(folder, name), text);
  console.log(`wrote ${folder}`);
}
