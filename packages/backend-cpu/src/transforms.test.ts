/** Function transforms over all of PyTorch's samples: forward mode against reverse mode, `vmap` against a loop, and derivatives against differences. */
import './register.ts';
import { grad, gradcheck, gradgradcheck, jvp, vmap } from '@tenfold/autograd';
import {
  caseOf,
  decode,
  type Family,
  families,
  type InputData,
  loadFixture,
  makeInput,
  type OpCase,
  type Sample,
  type TensorData,
} from '@tenfold/backend-testkit';
import { fromTypedArray, isFloat, isTensor, stack, type Tensor, zerosLike } from '@tenfold/tensor-core';
import { describe, expect, test } from 'vitest';

interface Entry {
  readonly family: Family;
  readonly op: string;
  readonly row: OpCase;
  readonly sample: Sample;
}

const entries: Entry[] = [];
for (const family of families) {
  for (const { op, samples } of await loadFixture(family)) {
    const row = caseOf(op);
    for (const sample of samples) if (row && !row.exclude?.[sample.name]) entries.push({ family, op, row, sample });
  }
}

const isData = (x: unknown): x is InputData => typeof x === 'object' && x !== null;
const tensorsOf = (sample: Sample): InputData[] => sample.inputs.filter(isData);

/** The call of a sample as a function of its tensors. */
const callOf =
  ({ row, sample }: Entry) =>
  (...tensors: Tensor[]): Tensor[] => {
    const rest = [...tensors];
    const given = sample.inputs.map((x) => (isData(x) ? rest.shift() : makeInput(x, 'cpu', false)));
    const results = row.call(given, sample.args ?? {}, 'cpu');
    return isTensor(results) ? [results] : [...results];
  };

const fresh = (sample: Sample): Tensor[] => tensorsOf(sample).map((x) => makeInput(x, 'cpu', false) as Tensor);

/** Numbers between -1 and 1 that look like no pattern. */
function noise({ shape, dtype }: Tensor, seed: number): Tensor {
  const n = shape.reduce((a, b) => a * b, 1);
  const data = Float64Array.from({ length: n }, (_, i) => Math.sin((i + 1) * 12.9898 + seed * 78.233));
  return fromTypedArray(data, shape, { dtype: 'float64' }).to(dtype);
}

const numbers = (x: Tensor): number[] => Array.from(x.toTypedArraySync(), Number);
const inner = (a: readonly Tensor[], b: readonly Tensor[]): { sum: number; scale: number } => {
  let [sum, scale] = [0, 1];
  a.forEach((x, k) => {
    const [left, right] = [numbers(x), numbers(b[k])];
    left.forEach((value, i) => {
      sum += value * right[i];
      scale += Math.abs(value * right[i]);
    });
  });
  return { sum, scale };
};

const finite = ({ data }: { readonly data: readonly unknown[] }): boolean =>
  data.every((x) => typeof x !== 'string' || Number.isFinite(Number(decode(x))));

const isDouble = (sample: Sample): boolean =>
  sample.grads !== undefined && tensorsOf(sample).every((x) => !isFloat(x.dtype) || x.dtype === 'float64');

/** Samples with gradients, in double precision. */
const differentiable = entries.filter(
  ({ row, sample }) =>
    isDouble(sample) &&
    !row.reads &&
    sample.grads &&
    sample.outputs.every((x) => finite(x) && (!isFloat(x.dtype) || x.dtype === 'float64')) &&
    tensorsOf(sample).every(finite) &&
    sample.grads.every((g) => !g || finite(g)),
);

describe('forward mode is the transpose of reverse mode', () => {
  for (const entry of differentiable) {
    test(`${entry.op} / ${entry.sample.name}`, () => {
      const call = callOf(entry);
      const inputs = fresh(entry.sample);
      const moving = inputs.flatMap((_, i) => (tensorsOf(entry.sample)[i].requiresGrad ? [i] : []));
      const of = (given: readonly Tensor[]): Tensor[] => {
        const all = [...inputs];
        moving.forEach((i, k) => {
          all[i] = given[k];
        });
        return call(...all).filter((x) => isFloat(x.dtype));
      };
      const primals = moving.map((i) => inputs[i]);
      const tangents = primals.map((x, i) => noise(x, i));
      const { output, tangent } = jvp((...given: Tensor[]) => of(given), primals, tangents);

      const leaves = primals.map((x) => x.detach().requiresGrad_());
      const outputs = of(leaves);
      output.forEach((x, k) => {
        expect(numbers(x)).toEqual(numbers(outputs[k]));
        expect(tangent[k].shape).toEqual(x.shape);
        expect(tangent[k].dtype).toBe(x.dtype);
        expect(tangent[k].requiresGrad).toBe(false);
      });
      const us = outputs.map((x, k) => noise(x, 7 + k).requiresGrad_());
      const flowing = outputs.flatMap((x, k) => (x.requiresGrad ? [k] : []));
      const products = flowing.length
        ? grad(
            flowing.map((k) => outputs[k]),
            leaves,
            { gradOutputs: flowing.map((k) => us[k]), createGraph: true, materializeGrads: true },
          )
        : leaves.map((x) => zerosLike(x));
      const forward = inner(tangent, us);
      const reverse = inner(tangents, products);
      expect(Math.abs(forward.sum - reverse.sum)).toBeLessThanOrEqual(1e-9 * Math.max(forward.scale, reverse.scale));

      // differentiating the products by their vector gives the same tangents
      const used = products.flatMap((p, i) => (p.requiresGrad ? [i] : []));
      const twice = used.length
        ? grad(
            used.map((i) => products[i]),
            us,
            { gradOutputs: used.map((i) => tangents[i]), materializeGrads: true },
          )
        : us.map((u) => zerosLike(u));
      tangent.forEach((t, k) => {
        const [a, b] = [numbers(t), numbers(twice[k])];
        a.forEach((x, i) => {
          // where a backward multiplies by an infinity that it masks, its derivative is NaN, here as in PyTorch
          if (!Number.isNaN(b[i])) expect(Math.abs(x - b[i])).toBeLessThanOrEqual(1e-9 * (1 + Math.abs(b[i])));
        });
      });
    });
  }
});

/** Ops and samples for which a batch can't be made of variants of the sample, by name or as `op / sample`. */
const notBatched: { readonly [name: string]: string } = {
  asStrided: 'the offset counts from the start of the memory, which a sample of a batch shares with the others',
};

/**
 * Another input of the same kind: elements in another order, which keeps the domain of most ops, and floats slightly scaled down in the third. Matrices
 * with a property that the op needs are only scaled.
 */
function variant(x: Tensor, k: number, family: Family): Tensor {
  const n = x.numel();
  if (k === 0 || n === 0) return x.clone();
  if (family === 'decomposition' && isFloat(x.dtype)) return x.mul(1 - k / 8);
  const flat = x.flatten();
  const rolled = n > 1 ? flat.roll(k) : flat;
  const scaled = isFloat(x.dtype) && k === 2 ? rolled.mul(0.875) : rolled;
  return scaled.view(x.shape);
}

const mappable = entries.filter(
  ({ op, row, sample }) =>
    !row.reads && !notBatched[op] && !notBatched[`${op} / ${sample.name}`] && tensorsOf(sample).length > 0,
);

/** How far sums in another order may be apart, relative to the largest element. */
const rounding: { readonly [dtype: string]: number } = { float64: 1e-11, float32: 4e-6, float16: 4e-3, bfloat16: 3e-2 };

function expectClose(actual: Tensor, expected: Tensor): void {
  expect(actual.shape).toEqual(expected.shape);
  expect(actual.dtype).toBe(expected.dtype);
  const [a, b] = [numbers(actual), numbers(expected)];
  const scale = b.reduce((most, x) => (Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most), 1);
  const most = (rounding[expected.dtype] ?? 0) * scale;
  a.forEach((x, i) => {
    if (Object.is(x, b[i]) || x === b[i]) return;
    expect(Math.abs(x - b[i]), `element ${i}: ${x}, in a loop ${b[i]}`).toBeLessThanOrEqual(most);
  });
}

describe('vmap is a loop', () => {
  for (const entry of mappable) {
    const { op, sample } = entry;
    test(`${op} / ${sample.name}`, () => {
      const call = callOf(entry);
      const inputs = fresh(sample);
      const variants = inputs.map((x) => [0, 1, 2].map((k) => variant(x, k, entry.family)));
      const loopOver = (mapped: readonly boolean[], given = variants): Tensor[] => {
        const each = [0, 1, 2].map((k) => call(...given.map((xs, i) => xs[mapped[i] ? k : 0])));
        return each[0].map((_, out) => stack(each.map((results) => results[out])));
      };
      const choices = [inputs.map(() => true)];
      if (inputs.length > 1) choices.push(...inputs.map((_, i) => inputs.map((__, j) => i === j)));
      for (const [choice, mapped] of choices.entries()) {
        const expected = loopOver(mapped);
        // where the batch lies is seen with all inputs mapped
        for (const last of choice === 0 ? [false, true] : [false]) {
          const inDims = mapped.map((is) => (is ? (last ? -1 : 0) : null));
          const args = variants.map((xs, i) => (mapped[i] ? stack(xs, last ? -1 : 0) : xs[0]));
          const results = vmap((...xs: Tensor[]) => call(...xs), { inDims })(...args);
          expect(results.length).toBe(expected.length);
          results.forEach((x, k) => expectClose(x, expected[k]));
        }
        // gradients in double precision, with all inputs mapped and with the first alone
        if (choice > 1 || !isDouble(sample) || sample.gradError) continue;
        const moving = inputs.flatMap((_, i) => (tensorsOf(sample)[i].requiresGrad ? [i] : []));
        const leaves = variants.map((xs, i) => {
          const x = mapped[i] ? stack(xs) : xs[0];
          return moving.includes(i) ? x.detach().requiresGrad_() : x;
        });
        const batched = vmap((...xs: Tensor[]) => call(...xs), { inDims: mapped.map((is) => (is ? 0 : null)) })(
          ...leaves,
        );
        const looped = loopOver(
          mapped,
          leaves.map((x, i) => [0, 1, 2].map((k) => (mapped[i] ? x.select(0, k).clone() : x))),
        );
        const flowing = looped.flatMap((x, k) => (x.requiresGrad ? [k] : []));
        expect(batched.map((x) => x.requiresGrad)).toEqual(looped.map((x) => x.requiresGrad));
        if (flowing.length === 0) continue;
        const of = (outputs: readonly Tensor[]): Tensor[] =>
          grad(
            flowing.map((k) => outputs[k]),
            moving.map((i) => leaves[i]),
            { gradOutputs: flowing.map((k) => noise(outputs[k], k)), materializeGrads: true },
          );
        const wanted = of(looped);
        of(batched).forEach((g, k) => expectClose(g, wanted[k]));
      }
    });
  }
});

const jump = 'a step lies on the point: one-sided differences are of another piece';
const tie = 'equal elements share the gradient, a difference picks one of them';
const kink = 'the one-sided derivatives differ, PyTorch chooses one between them';
const outside = 'a difference steps out of the domain';
const large = 'the elements are too large for a difference step to count';
const triangle = 'one triangle is read, and gradients are those of a symmetric matrix';
const equal = 'equal eigenvalues: they, or the vectors, change by jumps';
const constant = 'no gradient is meant to flow to some of the elements';

/** Samples at which an op is not smooth, with the reason: by op, or as `op / sample`. */
const notSmooth: { readonly [name: string]: string } = {
  'round / halves': jump,
  'frac / halves': jump,
  'div / floor float64': jump,
  'div / trunc float64': jump,
  'remainder / broadcast': jump,
  'remainder / ties': jump,
  'fmod / ties': jump,
  'fmod / broadcast left': jump,
  'fmod / expand': jump,
  'gridSample / halves nearest zeros True': jump,
  'maximum / ties': tie,
  'minimum / broadcast': tie,
  'minimum / ties': tie,
  'fmax / ties': tie,
  'fmin / ties': tie,
  'amax / expand': tie,
  'amin / expand': tie,
  'amax / ties': tie,
  'amin / ties': tie,
  'amin / dim 0 keepdim': tie,
  'amin / with zeros': tie,
  'max / ties all': tie,
  'max / ties': tie,
  'min / ties all': tie,
  'min / ties': tie,
  'min / other': tie,
  'scatterReduce / amax ties': tie,
  'indexReduce / amin dim 1': tie,
  'sort / ties': tie,
  'sort / ties descending': tie,
  'norm / p inf': tie,
  'norm / p inf dims keepdim': tie,
  'norm / p -inf': tie,
  'norm / p -inf dims keepdim': tie,
  'norm / p -inf dim 1': tie,
  'clamp / at the bounds both': kink,
  'clamp / at the bounds low': kink,
  'norm / p None zeros': kink,
  'norm / p 1 zeros': kink,
  'norm / p 2 zeros': kink,
  'norm / p inf zeros': kink,
  'norm / p 3 zeros': kink,
  'norm / p 0.5 zeros': kink,
  'l1Loss / equal': kink,
  'pow / zero base': outside,
  'binaryCrossEntropy / ends': outside,
  'logSoftmax / large': large,
  'embedding / padding': constant,
  'matrixNorm / ord=-inf dims': tie,
  'vectorNorm / zeros': kink,
  'lgamma / range float64': large,
  'clampMin / tensor': kink,
  'median / ties all': tie,
  'nanmedian / ties all': tie,
  mode: 'the most frequent element is no longer that once it is moved',
  'cummax / ties': tie,
  'cummin / ties': tie,
  'cdist / p=1.0': kink,
  'cdist / equal rows': kink,
  'qr / triangular already': 'signs of the factors change by jumps where an element below the diagonal crosses 0',
  'cholesky / reads one triangle': triangle,
  'cholesky / reads the upper triangle': triangle,
  'eigh / upper triangle': triangle,
  'eigh / lower triangle': triangle,
  'eigvalsh / lower': triangle,
  'eigvalsh / upper': triangle,
  'eigvalsh / equal values': equal,
  'eigvalsh / zeros': equal,
  'eigvalsh / huge': large,
};
/** The same for second derivatives. */
const notTwiceSmooth: { readonly [name: string]: string } = {
  'logaddexp2 / large': 'the second derivative overflows on its way to 0, as in PyTorch',
  'logaddexp / large': 'the second derivative overflows on its way to 0, as in PyTorch',
  'smoothL1Loss / reduction mean': kink,
};

/** Differences of each element of each input, for each element of each output: small samples only. */
const isSmall = ({ sample }: Entry): boolean => {
  const count = (list: readonly TensorData[]): number => list.reduce((n, { data }) => n + data.length, 0);
  return count(tensorsOf(sample)) * count(sample.outputs) <= 300;
};

test('every excluded sample exists', () => {
  const known = new Set(entries.flatMap(({ op, sample }) => [op, `${op} / ${sample.name}`]));
  for (const table of [notBatched, notSmooth, notTwiceSmooth])
    expect(Object.keys(table).filter((name) => !known.has(name))).toEqual([]);
});

/** Ops of symmetric matrices: their gradient is symmetric, which differences of single elements are not. */
const symmetricOps = new Set(['cholesky', 'eigh', 'eigvalsh']);
const symmetrized = (x: Tensor): Tensor => x.add(x.transpose(-1, -2)).div(2);

describe('derivatives agree with differences', () => {
  for (const entry of differentiable) {
    const { op, sample } = entry;
    const name = `${op} / ${sample.name}`;
    if (!isSmall(entry) || notSmooth[op] || notSmooth[name]) continue;
    const inputs = (): Tensor[] =>
      fresh(sample).map((x, i) => (tensorsOf(sample)[i].requiresGrad ? x.detach().requiresGrad_() : x));
    const symmetric = symmetricOps.has(op) || (sample.args && 'hermitian' in sample.args);
    const outputs = (...xs: Tensor[]): Tensor[] =>
      callOf(entry)(...(symmetric ? xs.map(symmetrized) : xs)).filter((x) => x.requiresGrad);
    test(name, () => {
      if (outputs(...inputs()).length === 0) return;
      expect(gradcheck(outputs, inputs())).toBe(true);
      if (!notTwiceSmooth[op] && !notTwiceSmooth[name]) expect(gradgradcheck(outputs, inputs())).toBe(true);
    });
  }
});
