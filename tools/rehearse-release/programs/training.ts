// Points on y = 3x + 2: a layer that learns them has these numbers.
import '@tenfold/backend-cpu/register';
import { Linear, MSELoss } from '@tenfold/nn';
import { SGD } from '@tenfold/optim';
import { manualSeed, tensor } from '@tenfold/tensor-core';

export async function program(): Promise<string> {
  manualSeed(0);
  const x = tensor([[-1], [0], [1], [2]]);
  const y = tensor([[-1], [2], [5], [8]]);
  const model = new Linear(1, 1);
  const optimizer = new SGD(model.parameters(), { lr: 0.1, momentum: 0.5 });
  const loss = new MSELoss();
  for (let step = 0; step < 200; step++) {
    optimizer.zeroGrad();
    loss.forward(model.forward(x), y).backward();
    optimizer.step();
  }
  const bias = (await model.bias?.item()) as number;
  return `y = ${((await model.weight.item()) as number).toFixed(3)} x + ${bias.toFixed(3)}`;
}
