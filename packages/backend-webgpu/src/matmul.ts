/** The matmul family: the kernel is chosen by shape. */
import type { Runtime } from '@tenfold/tensor-core';
import { directProduct } from './direct-product.ts';
import type { Buffer, Gpu } from './gpu.ts';
import { lastStride, type Product, productOf, transposed } from './product.ts';

/** Neighbouring invocations should read neighbouring elements: their dim is n, so that is where the unit stride belongs. */
const readsAcross = (p: Product): boolean => lastStride(p.n, 'b') === 1 || lastStride(p.m, 'a') !== 1;

export function createMatmul(gpu: Gpu): Runtime<Buffer>['matmul'] {
  return (out, a, b, dims, epilogue) => {
    const plain = productOf(out, a, b, dims, epilogue);
    if (plain.batch.size * plain.m.size * plain.n.size === 0) return;
    const p = readsAcross(plain) ? plain : transposed(plain);
    directProduct(gpu, p, { rows: 4, columns: 4, down: 4, across: 16 });
  };
}
