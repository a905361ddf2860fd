/** Function transforms over all of PyTorch's samples: forward mode against reverse mode, `vmap` against a loop, and derivatives against differences. */
import './register.ts';
import { grad, gradcheck, gradgradcheck, jvp, vmap } from '@tenfold/autograd';
import {
  allowance,
  caseOf,
  decode,
  families,
  type InputData,
  loadFixture,
  makeInput,
  type OpCase,
  type Sample,
  tolerances,
} from '@tenfold/backend-testkit';
import { fromTypedArray, isFloat, isTensor, stack, type Tensor, zerosLike } from '@tenfold/tensor-core';
import { describe, expect, test } from 'vitest';

interface Entry {
  readonly op: string;
  readonly row: OpCase;
  readonly sample: Sample;
}

const entries: Entry[] = [];
for (const family of families) {
  for (const { op, samples } of await loadFixture(family)) {
    const row = caseOf(op);
    for (const sample of samples) if (row && !row.exclude?.[sample.name]) entries.push({ op, row, sample });
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
    const results = row.call(given, sample.args ?? {});
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

/** Samples with gradients, in double precision. */
const differentiable = entries.filter(
  ({ row, sample }) =>
    sample.grads &&
    !row.reads &&
    tensorsOf(sample).every((x) => !isFloat(x.dtype) || x.dtype === 'float64') &&
    sample.outputs.every((x) => finite(x) && (!isFloat(x.dtype) || x.dtype === 'float64')) &&
    tensorsOf(sample).every(finite) &&
    sample.grads.every((g) => !g || finite(g)),
);

describe('forward mode is the transpose of reverse mode', () => {
  for (const entry of differentiable) {
    test(`${entry.op} / ${entry.sample.name}`, () => {
      const call = callOf(entry);
      const inputs = fresh(entry.sample);
      const moving = inputs.flatMap((x, i) => (tensorsOf(entry.sample)[i].requiresGrad ? [i] : []));
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
const indefinite = 'with its elements in another order the matrix is not positive-definite';
const singular = 'with its elements in another order the matrix is singular';
const notBatched: { readonly [name: string]: string } = {
  cholesky: indefinite,
  'inverse / diagonal': singular,
  'slogdet / no overflow': singular,
  'slogdet / negative': singular,
  'logdet / negative': singular,
};

/** Another input of the same kind: elements in another order (which keeps every domain), and floats slightly scaled down in the third. */
function variant(x: Tensor, k: number): Tensor {
  const n = x.numel();
  if (k === 0 || n === 0) return x.clone();
  const flat = x.flatten();
  const rolled = n > 1 ? flat.roll(k) : flat;
  const scaled = isFloat(x.dtype) && k === 2 ? rolled.mul(0.875) : rolled;
  return scaled.view(x.shape);
}

const mappable = entries.filter(
  ({ op, row, sample }) =>
    !row.reads && !notBatched[op] && !notBatched[`${op} / ${sample.name}`] && tensorsOf(sample).length > 0,
);

/** Equal as far as sums in another order go: relative to the largest element. */
function expectClose(actual: Tensor, expected: Tensor, row: OpCase): void {
  expect(actual.shape).toEqual(expected.shape);
  expect(actual.dtype).toBe(expected.dtype);
  const tolerance = row.tolerance?.[expected.dtype] ?? tolerances[expected.dtype];
  const [a, b] = [numbers(actual), numbers(expected)];
  const allowed = allowance(tolerance, expected.dtype, Math.max(0, ...b.map(Math.abs).filter(Number.isFinite)));
  a.forEach((x, i) => {
    if (Object.is(x, b[i]) || x === b[i]) return;
    expect(Math.abs(x - b[i]), `element ${i}: ${x}, in a loop ${b[i]}`).toBeLessThanOrEqual(allowed(Math.abs(b[i])));
  });
}

describe('vmap is a loop', () => {
  for (const entry of mappable) {
    const { op, row, sample } = entry;
    test(`${op} / ${sample.name}`, () => {
      const call = callOf(entry);
      const inputs = fresh(sample);
      const variants = inputs.map((x) => [0, 1, 2].map((k) => variant(x, k)));
      const loopOver = (mapped: readonly boolean[], given = variants): Tensor[] => {
        const each = [0, 1, 2].map((k) => call(...given.map((xs, i) => xs[mapped[i] ? k : 0])));
        return each[0].map((_, out) => stack(each.map((results) => results[out])));
      };
      const choices = [inputs.map(() => true)];
      if (inputs.length > 1) choices.push(...inputs.map((_, i) => inputs.map((__, j) => i === j)));
      for (const mapped of choices) {
        const expected = loopOver(mapped);
        for (const last of [false, true]) {
          const inDims = mapped.map((is) => (is ? (last ? -1 : 0) : null));
          const args = variants.map((xs, i) => (mapped[i] ? stack(xs, last ? -1 : 0) : xs[0]));
          const results = vmap((...xs: Tensor[]) => call(...xs), { inDims })(...args);
          expect(results.length).toBe(expected.length);
          results.forEach((x, k) => expectClose(x, expected[k], row));
        }
        if (!sample.grads || sample.gradError) continue;
        const moving = inputs.flatMap((x, i) => (tensorsOf(sample)[i].requiresGrad ? [i] : []));
        const leaves = variants.map((xs, i) => {
          const x = mapped[i] ? stack(xs) : xs[0];
          return moving.includes(i) ? x.detach().requiresGrad_() : x;
        });
        const batched = vmap((...xs: Tensor[]) => call(...xs), { inDims: mapped.map((is) => (is ? 0 : null)) })(
          ...leaves,
        );
        const looped = loopOver(
          mapped,
          leaves.map((x, i) => [0, 1, 2].map((k) => (mapped[i] ? x.select(0, k) : x))),
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
        of(batched).forEach((g, k) => expectClose(g, wanted[k], row));
      }
    });
  }
});

const jump = 'a step lies on the point: one-sided differences are of another piece';
const tie = 'equal elements share the gradient, a difference picks one of them';
const kink = 'the one-sided derivatives differ, PyTorch chooses one between them';
const outside = 'a difference steps out of the domain';
const large = 'the elements are too large for a difference step to count';
const constant = 'no gradient is meant to flow to some of the elements';
const symmetric = 'the gradient is that among symmetric matrices, as in PyTorch; a difference changes one triangle';

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
  cholesky: symmetric,
  eigh: symmetric,
  eigvalsh: symmetric,
  'pinv / hermitian': symmetric,
  'qr / triangular already': 'a column that is zero below the diagonal keeps its sign, its neighbours do not',
  'vectorNorm / zeros': kink,
  'matrixNorm / ord=-inf dims': tie,
  'cdist / p=1.0': kink,
  'cdist / equal rows': kink,
};
/** The same for second derivatives. */
const notTwiceSmooth: { readonly [name: string]: string } = {
  'logaddexp / large': 'the second derivative overflows on its way to 0, as in PyTorch',
  'smoothL1Loss / reduction mean': kink,
};

/** Differences of each element of each input, for each element of each output: small samples only. */
const isSmall = ({ sample }: Entry): boolean =>
  [...tensorsOf(sample), ...sample.outputs].every(({ data }) => data.length <= 24);

test('every excluded sample exists', () => {
  const known = new Set(entries.flatMap(({ op, sample }) => [op, `${op} / ${sample.name}`]));
  for (const table of [notBatched, notSmooth, notTwiceSmooth])
    expect(Object.keys(table).filter((name) => !known.has(name))).toEqual([]);
});

describe('derivatives agree with differences', () => {
  for (const entry of differentiable) {
    const { op, sample } = entry;
    const name = `${op} / ${sample.name}`;
    if (!isSmall(entry) || notSmooth[op] || notSmooth[name]) continue;
    const inputs = (): Tensor[] =>
      fresh(sample).map((x, i) => (tensorsOf(sample)[i].requiresGrad ? x.detach().requiresGrad_() : x));
    const outputs = (...xs: Tensor[]): Tensor[] => callOf(entry)(...xs).filter((x) => x.requiresGrad);
    test(name, () => {
      if (outputs(...inputs()).length === 0) return;
      expect(gradcheck(outputs, inputs())).toBe(true);
      if (!notTwiceSmooth[op] && !notTwiceSmooth[name]) expect(gradgradcheck(outputs, inputs())).toBe(true);
    });
  }
});
