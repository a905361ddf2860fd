/** A step of training on a device that computes no values: shapes, and what is held, of a model that is large for this machine. */
import { nullBackend } from '@tenfold/backend-testkit/null';
import { F, Linear, ReLU, Sequential } from '@tenfold/nn';
import { memory, rand, registerBackend, zeros } from '@tenfold/tensor-core';
import { expect, it } from 'vitest';
import { Adafactor, Adam, AdamW, Lion, RMSprop, SGD } from './index.ts';

registerBackend(nullBackend());

const width = 32768;

it.each([
  // what each keeps for a parameter: nothing but it and its gradient, a momentum, two moments, a mean of squares
  ['SGD', SGD, {}, 2],
  ['SGD with momentum', SGD, { momentum: 0.9 }, 3],
  ['Adam', Adam, {}, 4],
  ['AdamW', AdamW, {}, 4],
  ['RMSprop', RMSprop, {}, 3],
  ['Lion', Lion, {}, 3],
  ['Adafactor', Adafactor, {}, 2],
] as const)('%s trains 2 billion parameters', (_, Optimizer, options, copies) => {
  const held = () => memory().null?.bytes ?? 0;
  const before = held();
  const model = new Sequential(
    new Linear(width, width, { device: 'null' }),
    new ReLU(),
    new Linear(width, width, { device: 'null' }),
  );
  const parameters = [...model.parameters()];
  const optimizer = new Optimizer(parameters, { lr: 0.01, ...options });
  const x = rand([16, width], { device: 'null' });
  for (let step = 0; step < 2; step++) {
    optimizer.zeroGrad();
    const loss = F.mseLoss(model.forward(x), zeros([16, width], { device: 'null' }));
    expect(loss).toMatchObject({ shape: [], dtype: 'float32', device: 'null' });
    loss.backward();
    optimizer.step();
  }
  for (const { shape, grad } of parameters) expect(grad?.shape).toEqual(shape);
  const count = 2 * (width * width + width);
  expect((held() - before) / (4 * count)).toBeGreaterThanOrEqual(copies);
});
