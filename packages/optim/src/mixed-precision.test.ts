/** Training in mixed precision, from end to end. */
import '@tenfold/backend-cpu/register';
import { autocast } from '@tenfold/autograd';
import { CrossEntropyLoss, Linear, ReLU, Sequential } from '@tenfold/nn';
import { linear } from '@tenfold/nn/functional';
import { Generator, memory, ones, randint, randn, type Tensor, tidy } from '@tenfold/tensor-core';
import { expect, test } from 'vitest';
import { AdamW, GradScaler } from './index.ts';

type Precision = 'float32' | 'float16' | 'bfloat16';

/** Four clouds of points, to be told apart. */
function clouds(): { x: Tensor; y: Tensor } {
  const generator = new Generator(3);
  const y = randint(0, 4, [256], { generator });
  const centres = randn([4, 16], { generator });
  return { x: centres.index([y]).add(randn([256, 16], { generator }).mul(0.7)), y };
}

function model(): Sequential {
  const layers = new Sequential(new Linear(16, 32), new ReLU(), new Linear(32, 4));
  const generator = new Generator(5);
  for (const param of layers.parameters()) param.data = randn(param.shape, { generator }).mul(0.2);
  return layers;
}

/** The loss after some steps, computed in float32. */
async function train(precision: Precision, steps = 60): Promise<{ loss: number; weights: string[] }> {
  const { x, y } = clouds();
  const net = model();
  const optimizer = new AdamW(net.parameters(), { lr: 0.01 });
  const criterion = new CrossEntropyLoss();
  // a first scale that overflows, so that steps are skipped
  const scaler = new GradScaler({ enabled: precision === 'float16', initScale: 2 ** 24, growthInterval: 20 });
  const forward = (): Tensor => criterion.forward(net.forward(x), y);
  for (let step = 0; step < steps; step++) {
    optimizer.zeroGrad();
    const loss =
      precision === 'float32' ? forward() : autocast({ deviceType: 'cpu', dtype: precision }, () => forward());
    scaler.scale(loss).backward();
    scaler.step(optimizer);
    scaler.update();
    await loss.item();
  }
  if (precision === 'float16') {
    const [first] = Object.values(optimizer.stateDict().state);
    // some steps were skipped, and most were not
    const taken = await (first.step as Tensor).item();
    expect(taken).toBeLessThan(steps);
    expect(taken).toBeGreaterThan(steps / 2);
  }
  return { loss: Number(await forward().item()), weights: [...net.parameters()].map(({ dtype }) => dtype) };
}

test('an MLP learns as much in half precision as in float32, to 5 % of the loss or 0.005', async () => {
  const exact = await train('float32');
  expect(exact.loss).toBeLessThan(0.3);
  for (const precision of ['bfloat16', 'float16'] as const) {
    const { loss, weights } = await train(precision);
    expect(Math.abs(loss - exact.loss), precision).toBeLessThan(Math.max(0.05 * exact.loss, 0.005));
    expect(new Set(weights)).toEqual(new Set(['float32']));
  }
});

test('a loop in tidy that never awaits keeps its memory', () => {
  const net = new Sequential(new Linear(128, 256), new ReLU(), new Linear(256, 4));
  const optimizer = new AdamW(net.parameters());
  const scaler = new GradScaler();
  const x = randn([8, 128]);
  const bytes: (number | undefined)[] = [];
  for (let step = 0; step < 12; step++) {
    tidy(() => {
      optimizer.zeroGrad();
      const loss = autocast('cpu', () => net.forward(x).square().sum());
      scaler.scale(step % 3 === 0 ? loss.mul(Infinity) : loss).backward();
      scaler.step(optimizer);
      scaler.update();
    });
    bytes.push(memory().cpu?.bytes);
  }
  // the first two make the state of the optimiser
  expect(new Set(bytes.slice(2)).size).toBe(1);
  expect(bytes[2]).toBeGreaterThan(0);
});

test('a linear layer gives the lower dtype for any number of dims, as in PyTorch', () => {
  const layer = new Linear(2, 3);
  autocast('cpu', () => {
    for (const shape of [[2], [4, 2], [5, 4, 2]]) {
      const x = ones(shape);
      expect(layer.forward(x).dtype).toBe('bfloat16');
      expect(linear(x, layer.weight).dtype).toBe('bfloat16');
      expect(layer.forward(x.to('bfloat16')).dtype).toBe('bfloat16');
    }
  });
});
