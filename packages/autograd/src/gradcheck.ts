/** Comparing backward with numerical differences (https://pytorch.org/docs/stable/generated/torch.autograd.gradcheck.html). */
import {
  ArgumentError,
  AutogradError,
  checkOptions,
  DeviceError,
  describe,
  formatShape,
  fromTypedArray,
  isFloat,
  isTensor,
  type Tensor,
} from '@tenfold/tensor-core';
import { grad } from './backward.ts';
import { enableGrad, noGrad } from './grad-mode.ts';

/** A function to check. What it gives besides float tensors is passed over. */
export type CheckedFunction = (...inputs: never[]) => Tensor | readonly Tensor[];

/** Options of {@link gradcheck} and {@link gradgradcheck}. */
export interface GradcheckOptions {
  /** The step of the differences. Default 1e-6. */
  eps?: number;
  /** Entries may differ by `atol + rtol · |numerical|`. Defaults 1e-5 and 1e-3. */
  atol?: number;
  rtol?: number;
  /** Throw on a difference (the default), or give false. */
  raiseException?: boolean;
}

interface Entry {
  readonly output: number;
  readonly input: number;
  readonly outputElement: number;
  readonly inputElement: number;
  readonly numerical: number;
  readonly analytical: number;
  /** How far beyond the tolerance. */
  readonly excess: number;
}

const known = ['eps', 'atol', 'rtol', 'raiseException'];

/**
 * Whether the gradients that backward gives agree with central differences, element by element. Reads values at once.
 *
 * @param inputs the arguments of `fn`; those float tensors that require grad are checked, and should be float64.
 * @throws AutogradError naming the worst entry, unless `raiseException` is false; DeviceError on a device without synchronous reading.
 * @example
 * gradcheck((x: Tensor) => x.sin(), [randn([3], { dtype: 'float64', requiresGrad: true })]);
 */
export function gradcheck(fn: CheckedFunction, inputs: readonly unknown[], options: GradcheckOptions = {}): boolean {
  checkOptions('gradcheck', options, known);
  if (typeof fn !== 'function') throw new ArgumentError(`gradcheck: expected a function, got ${describe(fn)}`);
  const { eps = 1e-6, atol = 1e-5, rtol = 1e-3, raiseException = true } = options;
  const checked = inputs.filter((x): x is Tensor => isTensor(x) && x.requiresGrad);
  checkInputs(checked);
  try {
    const outputs = enableGrad(() => floats(call(fn, inputs)));
    const worst = outputs.map((output, k) => worstEntry(fn, inputs, checked, output, k, { eps, atol, rtol }));
    const entry = worst.reduce((a, b) => (b !== null && (a === null || b.excess > a.excess) ? b : a), null);
    if (entry !== null && !(entry.excess <= 0)) throw mismatch(entry, inputs, checked);
    return true;
  } catch (error) {
    if (raiseException || !(error instanceof AutogradError)) throw error;
    return false;
  }
}

/** {@link gradcheck} of the gradient of `fn`: whether backward can itself be differentiated. `gradOutputs` defaults to random values. */
export function gradgradcheck(
  fn: CheckedFunction,
  inputs: readonly unknown[],
  options: GradcheckOptions & { gradOutputs?: readonly Tensor[] } = {},
): boolean {
  const { gradOutputs, ...rest } = options;
  checkOptions('gradgradcheck', rest, known);
  const checked = inputs.map((x, i) => ({ x, i })).filter(({ x }) => isTensor(x) && x.requiresGrad);
  checkInputs(checked.map(({ x }) => x as Tensor));
  const outputs = enableGrad(() => floats(call(fn, inputs)).filter((x) => x.requiresGrad));
  const cotangents = gradOutputs ?? outputs.map((x, k) => spreadLike(x, k).requiresGrad_());
  const gradient = (...args: unknown[]): readonly Tensor[] => {
    const given = args.slice(0, inputs.length);
    const results = floats(call(fn, given)).filter((x) => x.requiresGrad);
    const gradients = grad(
      results,
      checked.map(({ i }) => given[i] as Tensor),
      {
        gradOutputs: args.slice(inputs.length) as Tensor[],
        createGraph: true,
        allowUnused: true,
      },
    );
    return gradients.filter((x) => x !== null);
  };
  return gradcheck(gradient as CheckedFunction, [...inputs, ...cotangents], rest);
}

/** Values without a pattern, the same in each run. */
function spreadLike(x: Tensor, seed: number): Tensor {
  const data = Float64Array.from(
    { length: x.numel() },
    (_, i) => Math.sin(12.9898 * (i + 1) + 78.233 * (seed + 1)) + 0.1,
  );
  return fromTypedArray(data, x.shape, { dtype: 'float64', device: x.device }).to(x.dtype);
}

const call = (fn: CheckedFunction, inputs: readonly unknown[]): readonly Tensor[] => {
  const result = (fn as (...inputs: readonly unknown[]) => Tensor | readonly Tensor[])(...inputs);
  return isTensor(result) ? [result] : result;
};

const floats = (outputs: readonly Tensor[]): Tensor[] => outputs.filter((x) => isFloat(x.dtype));

function checkInputs(checked: readonly Tensor[]): void {
  if (checked.length === 0) throw new ArgumentError('gradcheck expects at least one input tensor to require gradient');
  checked.forEach((x, i) => {
    if (x.dtype !== 'float64') {
      throw new ArgumentError(
        `gradcheck: input ${i} is ${x.dtype}; differences need float64 to tell a wrong gradient from rounding: x.to('float64').requiresGrad_()`,
      );
    }
    if (!x.storage.device.runtime.capabilities.syncRead) {
      throw new DeviceError(
        `gradcheck: device '${x.device}' can't be read synchronously; check on 'cpu': the derivative is the same there`,
      );
    }
  });
}

const read = (x: Tensor): number[] => Array.from(x.detach().toTypedArraySync(), Number);

function worstEntry(
  fn: CheckedFunction,
  inputs: readonly unknown[],
  checked: readonly Tensor[],
  output: Tensor,
  k: number,
  { eps, atol, rtol }: { eps: number; atol: number; rtol: number },
): Entry | null {
  const size = output.numel();
  const analytical = checked.map((x) => Array.from({ length: size }, () => new Array<number>(x.numel()).fill(0)));
  for (let o = 0; o < size && output.requiresGrad; o++) {
    const seed = new Float64Array(size);
    seed[o] = 1;
    const start = fromTypedArray(seed, output.shape, { dtype: 'float64', device: output.device }).to(output.dtype);
    grad(output, checked, { gradOutputs: start, retainGraph: true, allowUnused: true }).forEach((g, i) => {
      if (g) analytical[i][o] = read(g);
    });
  }
  let worst: Entry | null = null;
  checked.forEach((x, i) => {
    for (let e = 0; e < x.numel(); e++) {
      const column = difference(fn, inputs, x, e, k, eps);
      for (let o = 0; o < size; o++) {
        const [a, n] = [analytical[i][o][e], column[o]];
        const excess =
          a === n || (Number.isNaN(a) && Number.isNaN(n)) ? -atol : Math.abs(a - n) - atol - rtol * Math.abs(n);
        const rank = Number.isNaN(excess) ? Number.POSITIVE_INFINITY : excess;
        if (!worst || rank > worst.excess) {
          worst = { output: k, input: i, outputElement: o, inputElement: e, numerical: n, analytical: a, excess: rank };
        }
      }
    }
  });
  return worst;
}

/** How output `k` changes with element `e` of an input: central difference. */
function difference(
  fn: CheckedFunction,
  inputs: readonly unknown[],
  x: Tensor,
  e: number,
  k: number,
  eps: number,
): number[] {
  const values = Float64Array.from(read(x));
  const at = (step: number): number[] => {
    const moved = values.slice();
    moved[e] += step;
    // in a leaf of its own, so that neither the user's tensor nor its history is touched; with grad, as `fn` may differentiate inside
    const replaced = fromTypedArray(moved, x.shape, { dtype: 'float64', device: x.device }).requiresGrad_();
    const args = inputs.map((y) => (y === x ? replaced : y));
    return read(enableGrad(() => floats(call(fn, args)))[k]);
  };
  const [above, below] = noGrad(() => [at(eps), at(-eps)]);
  return above.map((value, o) => (value - below[o]) / (2 * eps));
}

function mismatch(entry: Entry, inputs: readonly unknown[], checked: readonly Tensor[]): AutogradError {
  const x = checked[entry.input];
  return new AutogradError(
    `Jacobian mismatch for output ${entry.output} with respect to input ${inputs.indexOf(x)}: worst at output element ${entry.outputElement}, ` +
      `input element ${formatShape(position(entry.inputElement, x.shape))}: numerical: ${entry.numerical}, analytical: ${entry.analytical}`,
  );
}

/** The indices of element `i` in row-major order. */
function position(i: number, shape: readonly number[]): number[] {
  const indices = new Array<number>(shape.length);
  let rest = i;
  for (let d = shape.length - 1; d >= 0; d--) {
    indices[d] = rest % shape[d];
    rest = Math.floor(rest / shape[d]);
  }
  return indices;
}
