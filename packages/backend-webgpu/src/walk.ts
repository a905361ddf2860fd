/** Operands of one shape that a kernel goes over element by element: the code of each operand's index, and the uniforms that it needs. */
import { axesOf, merged, sizeOf } from './geometry.ts';
import type { Gpu } from './gpu.ts';
import { word } from './shader.ts';

/** What of a view says where its elements lie. */
export interface Place {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
}

/** Operands as a kernel meets them: as few dims as they allow. */
export interface Walk {
  /** Elements in all. */
  readonly n: number;
  /** Tells kernels whose index code differs apart. */
  readonly key: string;
  /** Puts the uniforms into the words from `at` on; gives the word behind them. */
  write(gpu: Gpu, at: number): number;
  /** Statements that find the positions of element `i`, the index of each operand, and the word behind the uniforms, which start at `at`. */
  code(at: number): {
    readonly statements: readonly string[];
    readonly indices: readonly string[];
    readonly next: number;
  };
}

/** A walk over operands of one shape. */
export function walkOver(places: readonly Place[]): Walk {
  const axes = merged(axesOf(places));
  const rank = axes.length;
  const kinds = places.map((_, o) => {
    if (axes.every(({ strides }) => strides[o] === 0)) return 'fixed';
    return rank === 1 && axes[0].strides[o] === 1 ? 'dense' : 'strided';
  });
  const strided = kinds.includes('strided');
  return {
    n: sizeOf(places[0].shape),
    key: `${strided ? rank : 0}${kinds.map(([letter]) => letter).join('')}`,
    write({ words }, first) {
      let at = first;
      if (strided) for (const { size } of axes) words[at++] = size;
      places.forEach(({ offset }, o) => {
        words[at++] = offset;
        if (kinds[o] === 'strided') for (const { strides } of axes) words[at++] = strides[o];
      });
      return at;
    },
    code(first) {
      let next = first;
      const sizes = strided ? axes.map(() => word(next++)) : [];
      const indices = kinds.map((kind) => {
        const offset = word(next++);
        if (kind === 'fixed') return offset;
        if (kind === 'dense') return `(${offset} + i)`;
        return `(${[offset, ...axes.map((_, d) => `p${d} * ${word(next++)}`)].join(' + ')})`;
      });
      return { statements: positions(sizes), indices, next };
    },
  };
}

/** Statements that take element number `i` apart into positions `p0`, `p1`, … along dims of these sizes. */
function positions(sizes: readonly string[]): string[] {
  if (sizes.length === 0) return [];
  const lines = sizes.length > 1 ? ['var rest = i;'] : [];
  for (let d = sizes.length - 1; d > 0; d--) lines.push(`let p${d} = rest % ${sizes[d]};`, `rest /= ${sizes[d]};`);
  return [...lines, `let p0 = ${sizes.length > 1 ? 'rest' : 'i'};`];
}

/** A place whose steps along `axis` are taken by something else. */
export const across = ({ shape, strides, offset }: Place, axis: number): Place => ({
  shape,
  strides: strides.map((stride, d) => (d === axis ? 0 : stride)),
  offset,
});

/** An operand that is no buffer: its index is the position along `axis`. */
export const alongAxis = (shape: readonly number[], axis: number): Place => ({
  shape,
  strides: shape.map((_, d) => Number(d === axis)),
  offset: 0,
});
