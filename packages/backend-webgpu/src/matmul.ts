/** The matmul family: the kernel is chosen by shape and device. */
import type { Runtime } from '@tenfold/tensor-core';
import { directProduct } from './direct-product.ts';
import type { Buffer, Gpu } from './gpu.ts';
import { lastStride, longestLast, type Product, productOf, transposed } from './product.ts';
import { quadProduct } from './quad-product.ts';

/** Neighbouring invocations should read neighbouring elements: their dim is n, so that is where the unit stride belongs. */
const readsAcross = (p: Product): boolean => lastStride(p.n, 'b') === 1 || lastStride(p.m, 'a') !== 1;

/** Devices whose subgroups are quads: SwiftShader, of which the comment of `quad-product.ts` tells. */
const hasQuads = ({ device }: Gpu): boolean =>
  device.features.has('subgroups') && device.adapterInfo?.subgroupMaxSize === 4;

/** Blocks of 16 × 32 that cover a result. */
const tiles = (m: number, n: number): number => Math.ceil(m / 16) * Math.ceil(n / 32);

function byQuads(gpu: Gpu, plain: Product): void {
  const [m, n] = [plain.m.size, plain.n.size];
  const p = tiles(n, m) < tiles(m, n) ? transposed(plain) : plain;
  const rows = p.m.size > 8 ? 16 : p.m.size > 4 ? 8 : 4;
  const columns = p.n.size > 16 ? 8 : p.n.size > 8 ? 4 : p.n.size > 4 ? 2 : 1;
  quadProduct(gpu, p, { rows, columns });
}

export function createMatmul(gpu: Gpu): Runtime<Buffer>['matmul'] {
  const quads = hasQuads(gpu);
  return (out, a, b, dims, epilogue) => {
    const p = longestLast(productOf(out, a, b, dims, epilogue));
    if (p.batch.size * p.m.size * p.n.size === 0) return;
    const steps = p.k.axes[p.k.axes.length - 1]?.size ?? 1;
    if (quads && steps >= 4) return byQuads(gpu, p);
    directProduct(gpu, readsAcross(p) ? p : transposed(p), { rows: 4, columns: 4, down: 4, across: 16 });
  };
}
