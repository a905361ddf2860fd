/** The page: what is chosen, what is trained, what is shown. */
import { manualSeed } from '@tenfold/tensor-core';
import { type Digits, digitsTask, loadDigits } from './data/digits.ts';
import { linePoints, lineTask } from './data/line.ts';
import { pointsTask, twoMoons } from './data/points.ts';
import type { Task } from './data/task.ts';
import { listDevices, memoryText } from './devices.ts';
import { download, onnxOf } from './export.ts';
import { type Choice, choices, type Subject } from './models.ts';
import { type Progress, Trainer } from './trainer.ts';
import { DigitsView } from './views/digits.ts';
import { LineView } from './views/line.ts';
import { LossChart } from './views/loss-chart.ts';
import { PlaneView } from './views/plane.ts';
import { make, type View } from './views/view.ts';

/** An element of the page by its id; the type is as `index.html` has it. */
const $ = <E extends HTMLElement = HTMLElement>(id: string): E => document.getElementById(id) as E;

const modelSelect = $<HTMLSelectElement>('model');
const rate = $<HTMLInputElement>('lr');
const trainButton = $<HTMLButtonElement>('train');
const chart = new LossChart($('chart'));

/** Milliseconds between two drawings of what the network has learned, and between two announcements for screen readers. */
const drawEvery = 250;
const announceEvery = 5000;

const data = { line: linePoints(), moons: twoMoons(), digits: null as Digits | null };
let subject: Subject = 'moons';
let device = 'cpu';
let choice: Choice = choices.moons[0];
let trainer: Trainer | null = null;
let view: View | null = null;
let drawing: Promise<void> | null = null;
let drawn = 0;
let announced = 0;

const checked = (name: string): string =>
  document.querySelector<HTMLInputElement>(`input[name="${name}"]:checked`)?.value ?? '';

const learningRate = (): number => 10 ** rate.valueAsNumber;

/** Shows what went wrong, or that nothing does any more. */
function say(message: string | null): void {
  $('message').hidden = message === null;
  $('message').textContent = message ?? '';
}

/** Runs `action`; what it throws is shown. */
async function guarded(action: () => Promise<void> | void): Promise<void> {
  try {
    await action();
  } catch (error) {
    trainer?.pause();
    showRunning();
    say(error instanceof Error ? error.message : String(error));
  }
}

async function makeTask(): Promise<Task> {
  if (subject === 'line') return lineTask(data.line, device);
  if (subject === 'moons') return pointsTask(data.moons, device);
  data.digits ??= await loadDigits();
  return digitsTask(data.digits, device);
}

function makeView(): View {
  if (subject === 'line') return new LineView(data.line);
  if (subject === 'moons') return new PlaneView(data.moons, () => guarded(pointsChanged));
  return new DigitsView(data.digits as Digits, () => guarded(draw));
}

/** New points for the network that is there. */
async function pointsChanged(): Promise<void> {
  if (trainer) trainer.task = pointsTask(data.moons, device);
  await draw();
}

/** A fresh network for `task`. */
function begin(task: Task): void {
  manualSeed(0);
  trainer = new Trainer(choice.make(device), task, learningRate(), progressed);
  $('score-name').textContent = task.score.name;
}

/** Everything anew: data on the device, a fresh network, empty pictures. */
async function reset(): Promise<void> {
  trainer?.end();
  trainer = null;
  say(null);
  const task = await makeTask();
  chart.clear();
  begin(task);
  view = makeView();
  $('picture').replaceChildren(view.element);
  $('picture-title').textContent = view.title;
  $('network').textContent = String((trainer as Trainer | null)?.network);
  for (const [id, text] of Object.entries({ steps: '0', loss: '–', rate: '–', score: '–' })) $(id).textContent = text;
  $('device-name').textContent = device;
  showRunning();
  await draw();
}

async function progressed({ step, loss, stepsPerSecond }: Progress): Promise<void> {
  chart.add(step, loss);
  $('steps').textContent = step.toLocaleString('en');
  $('loss').textContent = loss < 1e-3 ? loss.toExponential(2) : loss.toPrecision(4);
  $('rate').textContent = stepsPerSecond ? stepsPerSecond.toFixed(stepsPerSecond < 10 ? 1 : 0) : '–';
  $('memory').textContent = memoryText(device);
  if (performance.now() - drawn > drawEvery) await guarded(draw);
  if (performance.now() - announced > announceEvery) {
    announced = performance.now();
    $('status').textContent =
      `Step ${step}, loss ${loss.toPrecision(3)}, ${$('score-name').textContent} ${$('score').textContent}`;
  }
}

/** Draws what the network has learned, one drawing at a time. */
async function draw(): Promise<void> {
  if (drawing || !trainer || !view) return;
  const { predict, task } = trainer;
  const current = view;
  drawing = (async () => {
    await current.draw(predict, device);
    const score = await task.score.measure(predict);
    if (trainer?.task === task) $('score').textContent = task.score.format(score);
  })();
  try {
    await drawing;
  } finally {
    drawing = null;
    drawn = performance.now();
  }
}

function showRunning(): void {
  const running = trainer?.running ?? false;
  trainButton.textContent = running ? 'Pause' : 'Train';
  trainButton.setAttribute('aria-pressed', String(running));
}

async function train(): Promise<void> {
  if (!trainer) return;
  const current = trainer;
  say(null);
  const ended = current.run();
  showRunning();
  await ended;
  if (trainer !== current) return;
  showRunning();
  await draw();
}

const toggle = (): void => {
  if (trainer?.running) trainer.pause();
  else guarded(train);
};

async function oneStep(): Promise<void> {
  trainer?.pause();
  await trainer?.step();
  await draw();
}

async function save(): Promise<void> {
  if (!trainer) return;
  download(await onnxOf(choice, trainer.network, trainer.task), `${subject}.onnx`);
  $('status').textContent = 'The network was exported.';
}

/** Offers the models of what is learned, and starts with the first. */
function showModels(): void {
  modelSelect.replaceChildren(...choices[subject].map(({ name }) => make('option', {}, name)));
  choose(0);
}

function choose(index: number): void {
  choice = choices[subject][index];
  rate.value = String(Math.log10(choice.lr));
  showRate();
}

function showRate(): void {
  $('lr-text').textContent = learningRate().toPrecision(2);
  if (trainer) trainer.lr = learningRate();
}

async function showDevices(): Promise<void> {
  const list = await listDevices();
  const choicesOf = list.map(({ name, available }) => {
    const input = make('input', { type: 'radio', name: 'device', value: name, disabled: !available });
    input.checked = name === device;
    return make('label', {}, input, make('span', {}, name));
  });
  $('devices').replaceChildren(...choicesOf);
  const missing = list.find(({ available }) => !available);
  $('device-hint').textContent =
    missing?.reason ?? list.map(({ name, description }) => `${name}: ${description}`).join(' · ');
}

$('subjects').addEventListener('change', () => {
  subject = checked('subject') as Subject;
  showModels();
  guarded(reset);
});
modelSelect.addEventListener('change', () => {
  choose(modelSelect.selectedIndex);
  guarded(reset);
});
$('devices').addEventListener('change', () => {
  device = checked('device');
  guarded(reset);
});
rate.addEventListener('input', showRate);
trainButton.addEventListener('click', toggle);
$('step').addEventListener('click', () => guarded(oneStep));
$('reset').addEventListener('click', () => guarded(reset));
$('download').addEventListener('click', () => guarded(save));
document.addEventListener('keydown', (event) => {
  const typing = event.target instanceof HTMLElement && event.target.closest('select, input[type="range"], textarea');
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const actions: { readonly [key: string]: (() => void) | undefined } = {
    t: toggle,
    s: () => guarded(oneStep),
    r: () => guarded(reset),
  };
  actions[event.key.toLowerCase()]?.();
});

showModels();
await guarded(showDevices);
await guarded(reset);
