// A line through Anscombe's first set, by the normal equations: 3.00 and 0.500 are what the paper prints.
import '@tenfold/backend-cpu/register';
import { linalg, ones, stack, tensor } from '@tenfold/tensor-core';

export async function program(): Promise<string> {
  const x = tensor([10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5], { dtype: 'float64' });
  const y = tensor([8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68], { dtype: 'float64' });
  const design = stack([ones([11], { dtype: 'float64' }), x], 1);
  const [intercept, slope] = (await linalg
    .solve(design.t().matmul(design), design.t().matmul(y))
    .toArray()) as number[];
  return `y = ${intercept.toFixed(2)} + ${slope.toFixed(3)} x`;
}
