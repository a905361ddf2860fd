/**
 * Trains a small net for so many steps and prints, as JSON, the resident memory after a tenth of them and at the end, and what `memory()` says.
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

const resident = () => process.memoryUsage().rss;
const losses = [];
let early = 0;
for (let i = 1; i <= steps; i++) {
  const loss = style === 'await' ? await step().item() : tidy(() => step().itemSync());
  if (i === 1 || i === steps) losses.push(loss);
  if (i === steps / 10) early = resident();
}
console.log(JSON.stringify({ early, late: resident(), losses, memory: memory().cpu }));
