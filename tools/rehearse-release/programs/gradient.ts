// The gradient of a mean squared error at 0 is -2·mean(x·y) and -2·mean(y).
import '@tenfold/autograd';
import '@tenfold/backend-cpu/register';
import { tensor, zeros } from '@tenfold/tensor-core';

export async function program(): Promise<string> {
  const x = tensor([1, 2, 3, 4]);
  const y = tensor([5, 8, 11, 14]);
  const slope = zeros([], { requiresGrad: true });
  const intercept = zeros([], { requiresGrad: true });
  const error = slope.mul(x).add(intercept).sub(y);
  error.mul(error).mean().backward();
  return `${await slope.grad?.item()}, ${await intercept.grad?.item()}`;
}
