/**
 * Trains a small net for so many steps and prints, as JSON, the resident memory once a tenth of them are done and in the last tenth, and what `memory()` says.
 * `node soak.mjs await 20000`: as in PyTorch, with nothing but one `await` a step. `node soak.mjs tidy 20000`: without any await.
 */
import '@tenfold/backend-cpu/register';
import { F, Linear } from '@tenfold/nn';
import { Adam, SGD } from '@tenfold/optim';
import { memory, randn, tensor, tidy } from '@tenfold/tensor-core';

const [style, count] = process.argv.slice(2);
const steps = Number(count);
const [batch, classes] = [64, 10];
const [hidden, out] = [new Linear(16, 64), new Linear(64, classes)];
const parameters = [...hidden.parameters(), ...out.parameters()];
const optimizer =
  style === 'await' ? new SGD(parameters, { lr: 0.01, momentum: 0.9 }) : new Adam(parameters, { lr: 0.001 });
const x = randn([batch, 16]);
const y = tensor(
  Array.from({ length: batch }, (_, i) => i % classes),
  { dtype: 'int64' },
);

function step() {
  const loss = F.crossEntropy(out.forward(hidden.forward(x).relu()), y);
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  return loss;
}

const losses = [];
const [early, late] = [[], []];
const tenth = steps / 10;
for (let i = 1; i <= steps; i++) {
  const loss = style === 'await' ? await step().item() : tidy(() => step().itemSync());
  if (i === 1 || i === steps) losses.push(loss);
  // one reading depends on how long ago V8 collected: the median of many does not
  if (i > tenth && i <= 2 * tenth) early.push(process.memoryUsage.rss());
  if (i > steps - tenth) late.push(process.memoryUsage.rss());
}
const median = (readings) => readings.sort((a, b) => a - b)[readings.length >> 1];
console.log(JSON.stringify({ early: median(early), late: median(late), losses, memory: memory().cpu }));
