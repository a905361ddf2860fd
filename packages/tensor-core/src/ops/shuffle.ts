/** Channels to pixels and back, and channels among each other. */
import { ArgumentError, ShapeError } from '../errors.ts';
import { formatShape, type Shape } from '../shape.ts';
import { OpSpec, type Sig } from '../spec.ts';
import type { Tensor } from '../tensor.ts';
import { requireTensor } from './build.ts';

export interface ShuffleOps {
  pixelShuffle: Sig<[Tensor], { readonly upscaleFactor: number }>;
  pixelUnshuffle: Sig<[Tensor], { readonly downscaleFactor: number }>;
  channelShuffle: Sig<[Tensor], { readonly groups: number }>;
}

function checkImage(name: string, x: Tensor, what: string, factor: number): void {
  requireTensor(name, x);
  if (x.shape.length < 3) {
    throw new ShapeError(
      `${name} expects input to have at least 3 dimensions, but got input with ${x.shape.length} dimension(s), of shape ${formatShape(x.shape)}`,
    );
  }
  if (factor < 1) throw new ArgumentError(`${name} expects a positive ${what}, but got ${factor}`);
}

/** `list` behind `lead` dims that stay. */
const after = (lead: number, ...list: number[]): number[] => [
  ...Array.from({ length: lead }, (_, d) => d),
  ...list.map((d) => d + lead),
];

function shuffledShape(shape: Shape, r: number): number[] {
  const [c, h, w] = shape.slice(-3);
  return [...shape.slice(0, -3), c / (r * r), h * r, w * r];
}

function unshuffledShape(shape: Shape, r: number): number[] {
  const [c, h, w] = shape.slice(-3);
  return [...shape.slice(0, -3), c * r * r, h / r, w / r];
}

/** Rows by op name. */
export const shuffle: { readonly [K in keyof ShuffleOps]: OpSpec<ShuffleOps[K]> } = {
  pixelShuffle: new OpSpec({
    name: 'pixelShuffle',
    infer([x], { upscaleFactor: r }) {
      checkImage('pixelShuffle', x, 'upscaleFactor', r);
      const channels = x.shape[x.shape.length - 3];
      if (channels % (r * r) !== 0) {
        throw new ShapeError(
          `pixelShuffle expects its input's 'channel' dimension to be divisible by the square of upscaleFactor, but input.size(-3)=${channels} is not divisible by ${r * r}`,
        );
      }
      return { shape: shuffledShape(x.shape, r), dtype: x.dtype };
    },
    body([x], { upscaleFactor: r }) {
      const [lead, [c, h, w]] = [x.shape.slice(0, -3), x.shape.slice(-3)];
      return x
        .reshape([...lead, c / (r * r), r, r, h, w])
        .permute(after(lead.length, 0, 3, 1, 4, 2))
        .reshape(shuffledShape(x.shape, r));
    },
  }),
  pixelUnshuffle: new OpSpec({
    name: 'pixelUnshuffle',
    infer([x], { downscaleFactor: r }) {
      checkImage('pixelUnshuffle', x, 'downscaleFactor', r);
      for (const [name, d] of [
        ['height', 2],
        ['width', 1],
      ] as const) {
        const size = x.shape[x.shape.length - d];
        if (size % r !== 0) {
          throw new ShapeError(
            `pixelUnshuffle expects ${name} to be divisible by downscaleFactor, but input.size(-${d})=${size} is not divisible by ${r}`,
          );
        }
      }
      return { shape: unshuffledShape(x.shape, r), dtype: x.dtype };
    },
    body([x], { downscaleFactor: r }) {
      const [lead, [c, h, w]] = [x.shape.slice(0, -3), x.shape.slice(-3)];
      return x
        .reshape([...lead, c, h / r, r, w / r, r])
        .permute(after(lead.length, 0, 2, 4, 1, 3))
        .reshape(unshuffledShape(x.shape, r));
    },
  }),
  channelShuffle: new OpSpec({
    name: 'channelShuffle',
    infer([x], { groups }) {
      requireTensor('channelShuffle', x);
      if (x.shape.length < 3) {
        throw new ShapeError(
          `channelShuffle expects input with > 2 dims, but got input with sizes ${formatShape(x.shape)}`,
        );
      }
      if (groups < 1) {
        throw new ArgumentError(
          `channelShuffle: Number of groups to divide channels in must be positive. Value of groups:${groups}`,
        );
      }
      if (x.shape[1] % groups !== 0) {
        throw new ShapeError(
          `channelShuffle: Number of channels must be divisible by groups. Got ${x.shape[1]} channels and ${groups} groups.`,
        );
      }
      return { shape: x.shape, dtype: x.dtype };
    },
    body: ([x], { groups }) =>
      x
        .reshape([x.shape[0], groups, x.shape[1] / groups, ...x.shape.slice(2)])
        .transpose(1, 2)
        .reshape(x.shape),
  }),
};
