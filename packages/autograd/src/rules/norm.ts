/**
 * Derivatives of normalisations, by one op each from the statistics that forward gives. The statistics have gradients of their own: second derivatives
 * flow through them. With n values in each, d of the input:
 *
 *     mean:                   d / n
 *     v = variance:           d · 2 (x - mean) / n
 *     r = 1/√(v + ε):         -d · r³ (x - mean) / n
 *     r = 1/√(mean(x²) + ε):  -d · r³ x / n
 */
import { builtinOps, dispatch, type NormOps, numel, type Shape, type Tensor } from '@tenfold/tensor-core';
import { type FormulaContext, joint, type Rule, type Rules, viaBody } from '../rule.ts';

/** The sum of gradients of which some are absent. */
const sum = (terms: readonly (Tensor | null)[]): Tensor | null =>
  terms.reduce((total, term) => (total && term ? total.add(term) : (total ?? term)), null);

/** What flows to `x` through its statistics, which broadcast to it; `values` are in each. */
function throughStatistics(
  x: Tensor,
  values: number,
  mean: Tensor,
  rstd: Tensor,
  [toMean, toRstd, toVariance]: readonly (Tensor | null)[],
): Tensor | null {
  const slope = sum([
    toRstd && toRstd.mul(rstd.square().mul(rstd)).div(-values),
    toVariance && toVariance.mul(2 / values),
  ]);
  return sum([toMean && toMean.div(values).expand(x.shape), slope && x.sub(mean).mul(slope)]);
}

/** The gradients of input, weight and bias that are needed, from the list of those that were computed. */
function inOrder<S extends NormOps[keyof NormOps]>(
  c: FormulaContext<S>,
  wanted: readonly boolean[],
  gradients: readonly Tensor[],
  more: Tensor | null,
): (Tensor | null)[] {
  const rest = [...gradients];
  const [input, ...beside] = wanted.map((want) => (want ? (rest.shift() ?? null) : null));
  return [c.needs(0) ? sum([input, more]) : null, ...beside];
}

const wantedOf = <S extends NormOps['layerNorm'] | NormOps['groupNorm'] | NormOps['batchNorm']>(
  c: FormulaContext<S>,
) => (c.grads[0] === null ? ([false, false, false] as const) : ([c.needs(0), c.needs(1), c.needs(2)] as const));

const layerNorm: Rule<NormOps['layerNorm']> = joint([0, 1, 'out1', 'out2'], (c) => {
  const [grad, ...others] = c.grads;
  const { dims } = c.attrs;
  const [x, mean, rstd] = [c.tensor(0), c.output(1), c.output(2)];
  const wanted = wantedOf(c);
  const backward = grad
    ? dispatch(builtinOps.layerNormBackward, [grad, x, mean, rstd, c.input(1)], { dims, wanted })
    : [];
  const values = numel(x.shape.slice(x.ndim - dims));
  return inOrder(c, wanted, backward, c.needs(0) ? throughStatistics(x, values, mean, rstd, others) : null);
});

const groupNorm: Rule<NormOps['groupNorm']> = joint([0, 1, 'out1', 'out2'], (c) => {
  const [grad, ...others] = c.grads;
  const { groups } = c.attrs;
  const [x, mean, rstd] = [c.tensor(0), c.output(1), c.output(2)];
  const wanted = wantedOf(c);
  const backward = grad
    ? dispatch(builtinOps.groupNormBackward, [grad, x, mean, rstd, c.input(1)], { groups, wanted })
    : [];
  const values = numel(x.shape.slice(1)) / groups;
  const beside = (s: Tensor | null): Tensor | null => s && s.unsqueeze(-1);
  const flowing = (): Tensor | null =>
    throughStatistics(
      x.reshape([...mean.shape, values]),
      values,
      mean.unsqueeze(-1),
      rstd.unsqueeze(-1),
      others.map(beside),
    );
  const more = c.needs(0) && others.some((s) => s !== null) ? flowing() : null;
  return inOrder(c, wanted, backward, more && more.reshape([...x.shape]));
});

/** `[C]` beside `[N, C, …]`. */
const besideChannels = (s: Tensor, { length }: Shape): Tensor =>
  s.reshape([s.shape[0], ...new Array<number>(length - 2).fill(1)]);

const batchNorm: Rule<NormOps['batchNorm']> = joint([0, 1, 'out1', 'out2'], (c) => {
  const [grad, ...others] = c.grads;
  const [x, mean, rstd] = [c.tensor(0), c.output(1), c.output(2)];
  const wanted = wantedOf(c);
  const backward = grad
    ? dispatch(builtinOps.batchNormBackward, [grad, x, mean, rstd, c.input(1)], { training: true, wanted })
    : [];
  const beside = (s: Tensor): Tensor => besideChannels(s, x.shape);
  const more =
    c.needs(0) && others.some((s) => s !== null)
      ? throughStatistics(
          x,
          x.numel() / x.shape[1],
          beside(mean),
          beside(rstd),
          others.map((s) => s && beside(s)),
        )
      : null;
  return inOrder(c, wanted, backward, more);
});

// y = n w + b with n = (x - m) r, r = 1/√(v + ε):  dm = -Σ g w r,  dv = -½ Σ g w n r²
const batchNormInference: Rule<NormOps['batchNormInference']> = joint([0, 1, 2, 3], (c) => {
  const [x, mean, variance, weight] = [c.tensor(0), c.tensor(1), c.tensor(2), c.input(3)];
  const half = variance.dtype === 'float16' || variance.dtype === 'bfloat16';
  const rstd = (half ? variance.to('float32') : variance).add(c.attrs.eps).rsqrt();
  const wanted = [c.needs(0), c.needs(3) || c.needs(2), c.needs(4) || c.needs(1)] as const;
  const rest = [
    ...dispatch(builtinOps.batchNormBackward, [c.grad, x, mean, rstd, weight], { training: false, wanted }),
  ];
  const [toInput, toWeight, toBias] = wanted.map((want) => (want ? (rest.shift() ?? null) : null));
  const scale = weight ? weight.mul(rstd) : rstd;
  return [
    toInput,
    c.needs(1) && toBias ? toBias.mul(scale).neg() : null,
    c.needs(2) && toWeight ? toWeight.mul(scale).mul(rstd).mul(-0.5) : null,
    c.needs(3) ? toWeight : null,
    c.needs(4) ? toBias : null,
  ];
});

const rmsNorm: Rule<NormOps['rmsNorm']> = joint([0, 1, 'out1'], (c) => {
  const [grad, toRstd] = c.grads;
  const { dims } = c.attrs;
  const [x, rstd] = [c.tensor(0), c.output(1)];
  const wanted = [grad !== null && c.needs(0), grad !== null && c.needs(1)] as const;
  const backward = grad ? dispatch(builtinOps.rmsNormBackward, [grad, x, rstd, c.input(1)], { dims, wanted }) : [];
  const values = numel(x.shape.slice(x.ndim - dims));
  const more = c.needs(0) && toRstd ? x.mul(toRstd.mul(rstd.square().mul(rstd)).div(-values)) : null;
  return inOrder(c, wanted, backward, more);
});

export const norm: Rules<NormOps> = {
  layerNorm,
  layerNormBackward: viaBody,
  groupNorm,
  groupNormBackward: viaBody,
  batchNorm,
  batchNormInference,
  batchNormBackward: viaBody,
  rmsNorm,
  rmsNormBackward: viaBody,
};
