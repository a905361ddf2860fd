/**
 * What PyTorch has under `torch.linalg` (https://pytorch.org/docs/stable/linalg.html): `import { linalg } from '@tenfold/tensor-core'`. Batches are leading
 * dims, which broadcast where two matrices meet; matrices and batches may be empty. Decompositions take float32 and float64, compute in float64 and run
 * on cpu.
 */
export { det, inverse as inv, matrixExp, matrixPower, slogdet } from './decomposition.ts';
export { matmul } from './linalg.ts';
export * from './linalg-factor.ts';
export * from './linalg-norm.ts';
export * from './linalg-product.ts';
export * from './linalg-solve.ts';
