/**
 * Trains a small net with Adam, on data that are drawn from the generator, and prints every bit of what it has learned as JSON.
 * `node train.mjs STEPS [--resume FROM] [--save TO]`
 */
import { parseArgs } from 'node:util';
import '@tenfold/backend-cpu/register';
import { Linear, MSELoss, ReLU, Sequential } from '@tenfold/nn';
import { Adam } from '@tenfold/optim';
import { loadCheckpoint, saveCheckpoint } from '@tenfold/serialize/node';
import { getRngState, manualSeed, rand, setRngState } from '@tenfold/tensor-core';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { resume: { type: 'string' }, save: { type: 'string' } },
});

manualSeed(values.resume ? 99 : 7n);
const model = new Sequential(new Linear(4, 16), new ReLU(), new Linear(16, 1));
const optimizer = new Adam(model.parameters(), { lr: 0.01, amsgrad: true });
const criterion = new MSELoss();
let step = 0;
const losses = [];
if (values.resume) {
  const saved = await loadCheckpoint(values.resume);
  model.loadStateDict(saved.model);
  optimizer.loadStateDict(saved.optimizer);
  setRngState(saved.generator);
  ({ step } = saved);
  losses.push(...saved.losses);
}
for (const end = step + Number(positionals[0]); step < end; step++) {
  const x = rand([8, 4]);
  optimizer.paramGroups[0].lr = 0.01 / (1 + step);
  optimizer.zeroGrad();
  const loss = criterion.forward(model.forward(x), x.sum(1, { keepdim: true }));
  loss.backward();
  optimizer.step();
  losses.push(await loss.item());
}
const state = { model: model.stateDict(), optimizer: optimizer.stateDict(), generator: getRngState(), step, losses };
if (values.save) await saveCheckpoint(values.save, state);
const bits = {};
for (const [name, x] of Object.entries(model.stateDict())) {
  const { buffer } = await x.toTypedArray();
  bits[name] = Buffer.from(buffer).toString('hex');
}
const moments = [];
for (const { expAvgSq } of Object.values(optimizer.stateDict().state)) moments.push(await expAvgSq?.toArray());
console.log(JSON.stringify({ bits, moments, losses, offset: getRngState().offset }));
