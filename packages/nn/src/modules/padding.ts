/** Padding of the last one, two or three dims. */
import { ArgumentError, describe, type PadMode, type Tensor } from '@tenfold/tensor-core';
import { checkNumber } from '../checks.ts';
import { pad } from '../functional.ts';
import { Module } from '../module.ts';
import { pythonTuple } from '../print.ts';
import { shown } from '../windows.ts';

/** How many elements at all sides, or before and after the last dim, then the one before, and so on. Negative numbers crop. */
export type Padding = number | readonly number[];

/** What the paddings share. */
abstract class PadNd extends Module {
  readonly padding: readonly number[];
  private readonly mode: PadMode;

  constructor(where: string, n: number, mode: PadMode, padding: Padding) {
    super();
    const list: readonly unknown[] = Array.isArray(padding) ? padding : new Array(2 * n).fill(padding);
    if (list.length % 2 !== 0)
      throw new ArgumentError(`Padding length must be divisible by 2, got ${list.length} numbers in ${where}`);
    const bad = list.find((x) => !Number.isSafeInteger(x));
    if (list.length !== 2 * n || bad !== undefined)
      throw new ArgumentError(
        `${where}: padding must be an integer or an array of ${2 * n} integers, got ${describe(bad ?? padding)}`,
      );
    this.padding = list as readonly number[];
    this.mode = mode;
  }

  protected padded(input: Tensor, value?: number): Tensor {
    return pad(input, this.padding, value === undefined ? { mode: this.mode } : { mode: this.mode, value });
  }

  override extraRepr(): string {
    return pythonTuple(this.padding);
  }
}

/** Paddings with a value that is given. */
abstract class ConstantPadNd extends PadNd {
  readonly value: number;

  constructor(where: string, n: number, padding: Padding, value: number) {
    super(where, n, 'constant', padding);
    this.value = checkNumber(`${where}: value`, value);
  }

  forward(input: Tensor): Tensor {
    return this.padded(input, this.value);
  }

  override extraRepr(): string {
    return `padding=${pythonTuple(this.padding)}, value=${shown(this.value)}`;
  }
}

/** Paddings that need no value. */
abstract class PlainPadNd extends PadNd {
  forward(input: Tensor): Tensor {
    return this.padded(input);
  }
}

/**
 * Puts `value` around the last dim (https://pytorch.org/docs/stable/generated/torch.nn.ConstantPad1d.html), of a tensor with any dims in front: `[left, right]`.
 *
 * @throws ArgumentError unless the padding is a whole number or 2 of them.
 * @example
 * new ConstantPad1d(2, 3.5).forward(randn([1, 2, 4])).shape; // [1, 2, 8]
 */
export class ConstantPad1d extends ConstantPadNd {
  constructor(padding: Padding, value: number) {
    super('ConstantPad1d', 1, padding, value);
  }
}

/**
 * Puts `value` around the last 2 dims (https://pytorch.org/docs/stable/generated/torch.nn.ConstantPad2d.html), of a tensor with any dims in front: `[left, right, top, bottom]`.
 *
 * @throws ArgumentError unless the padding is a whole number or 4 of them.
 */
export class ConstantPad2d extends ConstantPadNd {
  constructor(padding: Padding, value: number) {
    super('ConstantPad2d', 2, padding, value);
  }
}

/**
 * Puts `value` around the last 3 dims (https://pytorch.org/docs/stable/generated/torch.nn.ConstantPad3d.html), of a tensor with any dims in front: `[left, right, top, bottom, front, back]`.
 *
 * @throws ArgumentError unless the padding is a whole number or 6 of them.
 */
export class ConstantPad3d extends ConstantPadNd {
  constructor(padding: Padding, value: number) {
    super('ConstantPad3d', 3, padding, value);
  }
}

/**
 * Puts zeros around the last dim (https://pytorch.org/docs/stable/generated/torch.nn.ZeroPad1d.html), of a tensor with any dims in front: `[left, right]`.
 *
 * @throws ArgumentError unless the padding is a whole number or 2 of them.
 */
export class ZeroPad1d extends PlainPadNd {
  constructor(padding: Padding) {
    super('ZeroPad1d', 1, 'constant', padding);
  }
}

/**
 * Puts zeros around the last 2 dims (https://pytorch.org/docs/stable/generated/torch.nn.ZeroPad2d.html), of a tensor with any dims in front: `[left, right, top, bottom]`.
 *
 * @throws ArgumentError unless the padding is a whole number or 4 of them.
 */
export class ZeroPad2d extends PlainPadNd {
  constructor(padding: Padding) {
    super('ZeroPad2d', 2, 'constant', padding);
  }
}

/**
 * Puts zeros around the last 3 dims (https://pytorch.org/docs/stable/generated/torch.nn.ZeroPad3d.html), of a tensor with any dims in front: `[left, right, top, bottom, front, back]`.
 *
 * @throws ArgumentError unless the padding is a whole number or 6 of them.
 */
export class ZeroPad3d extends PlainPadNd {
  constructor(padding: Padding) {
    super('ZeroPad3d', 3, 'constant', padding);
  }
}

/**
 * Mirrors at the border, which is not repeated (https://pytorch.org/docs/stable/generated/torch.nn.ReflectionPad1d.html): `[N, C, L]` or `[C, L]`, by `[left, right]`.
 *
 * @throws ArgumentError unless the padding is a whole number or 2 of them.
 */
export class ReflectionPad1d extends PlainPadNd {
  constructor(padding: Padding) {
    super('ReflectionPad1d', 1, 'reflect', padding);
  }
}

/**
 * Mirrors at the border, which is not repeated (https://pytorch.org/docs/stable/generated/torch.nn.ReflectionPad2d.html): `[N, C, H, W]` or `[C, H, W]`, by `[left, right, top, bottom]`.
 *
 * @throws ArgumentError unless the padding is a whole number or 4 of them.
 */
export class ReflectionPad2d extends PlainPadNd {
  constructor(padding: Padding) {
    super('ReflectionPad2d', 2, 'reflect', padding);
  }
}

/**
 * Mirrors at the border, which is not repeated (https://pytorch.org/docs/stable/generated/torch.nn.ReflectionPad3d.html): `[N, C, D, H, W]` or `[C, D, H, W]`, by `[left, right, top, bottom, front, back]`.
 *
 * @throws ArgumentError unless the padding is a whole number or 6 of them.
 */
export class ReflectionPad3d extends PlainPadNd {
  constructor(padding: Padding) {
    super('ReflectionPad3d', 3, 'reflect', padding);
  }
}

/**
 * Repeats the border (https://pytorch.org/docs/stable/generated/torch.nn.ReplicationPad1d.html): `[N, C, L]` or `[C, L]`, by `[left, right]`.
 *
 * @throws ArgumentError unless the padding is a whole number or 2 of them.
 */
export class ReplicationPad1d extends PlainPadNd {
  constructor(padding: Padding) {
    super('ReplicationPad1d', 1, 'replicate', padding);
  }
}

/**
 * Repeats the border (https://pytorch.org/docs/stable/generated/torch.nn.ReplicationPad2d.html): `[N, C, H, W]` or `[C, H, W]`, by `[left, right, top, bottom]`.
 *
 * @throws ArgumentError unless the padding is a whole number or 4 of them.
 */
export class ReplicationPad2d extends PlainPadNd {
  constructor(padding: Padding) {
    super('ReplicationPad2d', 2, 'replicate', padding);
  }
}

/**
 * Repeats the border (https://pytorch.org/docs/stable/generated/torch.nn.ReplicationPad3d.html): `[N, C, D, H, W]` or `[C, D, H, W]`, by `[left, right, top, bottom, front, back]`.
 *
 * @throws ArgumentError unless the padding is a whole number or 6 of them.
 */
export class ReplicationPad3d extends PlainPadNd {
  constructor(padding: Padding) {
    super('ReplicationPad3d', 3, 'replicate', padding);
  }
}

/**
 * Goes on with the other end (https://pytorch.org/docs/stable/generated/torch.nn.CircularPad1d.html): `[N, C, L]` or `[C, L]`, by `[left, right]`.
 *
 * @throws ArgumentError unless the padding is a whole number or 2 of them.
 */
export class CircularPad1d extends PlainPadNd {
  constructor(padding: Padding) {
    super('CircularPad1d', 1, 'circular', padding);
  }
}

/**
 * Goes on with the other end (https://pytorch.org/docs/stable/generated/torch.nn.CircularPad2d.html): `[N, C, H, W]` or `[C, H, W]`, by `[left, right, top, bottom]`.
 *
 * @throws ArgumentError unless the padding is a whole number or 4 of them.
 */
export class CircularPad2d extends PlainPadNd {
  constructor(padding: Padding) {
    super('CircularPad2d', 2, 'circular', padding);
  }
}

/**
 * Goes on with the other end (https://pytorch.org/docs/stable/generated/torch.nn.CircularPad3d.html): `[N, C, D, H, W]` or `[C, D, H, W]`, by `[left, right, top, bottom, front, back]`.
 *
 * @throws ArgumentError unless the padding is a whole number or 6 of them.
 */
export class CircularPad3d extends PlainPadNd {
  constructor(padding: Padding) {
    super('CircularPad3d', 3, 'circular', padding);
  }
}
