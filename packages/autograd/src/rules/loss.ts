/** Derivatives of losses. `g` is the gradient per element: that of the result over the number of elements for a mean. */
import { broadcastShapes, builtinOps, dispatch, type LossOps, numel, type Tensor } from '@tenfold/tensor-core';
import { type FormulaContext, formula, joint, type Rule, type Rules, viaBody, wrt } from '../rule.ts';

type Elementwise = LossOps['mseLoss'] | LossOps['binaryCrossEntropy'] | LossOps['binaryCrossEntropyWithLogits'];

function perElement<S extends Elementwise>(c: FormulaContext<S>): Tensor {
  return c.attrs.reduction === 'mean' ? c.grad.div(numel(broadcastShapes([c.shape(0), c.shape(1)], 'loss'))) : c.grad;
}

/** A loss f(x - t) with derivative `slope` of f: dx = g f', dt = -g f'. */
const distance = <S extends LossOps['mseLoss']>(slope: (difference: Tensor, attrs: S['attrs']) => Tensor): Rule<S> =>
  joint([0, 1], (c) => {
    const grad = slope(c.tensor(0).sub(c.tensor(1)), c.attrs).mul(perElement(c));
    return [c.needs(0) ? grad : null, c.needs(1) ? grad.neg() : null];
  });

/** -w_t x_t, summed or averaged by weight: a gradient at the target class only. */
const nllLoss: Rule<LossOps['nllLoss']> = formula(
  wrt([1, 2], (c) => {
    const classes = c.shape(0)[c.shape(0).length === 1 ? 0 : 1];
    return dispatch(builtinOps.nllLossBackward, [c.grad, c.tensor(1), c.input(2)], { ...c.attrs, classes });
  }),
  null,
  // d(Σ w l)/dw = l,  d(Σ w l / Σ w)/dw = (l - loss) / Σ w
  wrt([0, 1, 2, 'out'], (c) => {
    const { reduction, ignoreIndex } = c.attrs;
    const dim = c.shape(0).length === 1 ? 0 : 1;
    const ignored = c.tensor(1).eq(ignoreIndex);
    const classes = c.tensor(1).maskedFill(ignored, 0).to('int64');
    const losses = c.tensor(0).gather(dim, classes.unsqueeze(dim)).squeeze(dim).neg();
    const total = (): Tensor => c.tensor(2).index([classes]).maskedFill(ignored, 0).sum();
    const share = reduction === 'mean' ? losses.sub(c.output()).div(total()) : losses;
    const grads = share.mul(c.grad).maskedFill(ignored, 0);
    return c.grad.newZeros(c.shape(2)).scatterAdd(0, classes.reshape([-1]), grads.reshape([-1]));
  }),
);

const weighted = (grad: Tensor, weight: Tensor | null): Tensor => (weight ? grad.mul(weight) : grad);

const binaryCrossEntropy: Rule<LossOps['binaryCrossEntropy']> = joint([0, 1, 2], (c) => {
  const [x, t, weight] = [c.tensor(0), c.tensor(1), c.input(2)];
  const each = perElement(c);
  const grad = weighted(each, weight);
  return [
    // (x - t) / (x (1 - x)), with a denominator not below the float32 1e-12 as in PyTorch
    c.needs(0)
      ? x
          .sub(t)
          .div(x.neg().add(1).mul(x).clamp(Math.fround(1e-12)))
          .mul(grad)
      : null,
    // log(1 - x) - log x
    c.needs(1) ? x.neg().log1p().sub(x.log()).mul(grad) : null,
    c.needs(2) ? dispatch(builtinOps.binaryCrossEntropy, [x, t, null], { reduction: 'none' }).mul(each) : null,
  ];
});

// (1 - t) x + (1 + (w - 1) t) s,  s = log(1 + exp(-x)),  ds/dx = sigmoid(x) - 1
const binaryCrossEntropyWithLogits: Rule<LossOps['binaryCrossEntropyWithLogits']> = joint([0, 1, 2, 3], (c) => {
  const [x, t, weight, posWeight] = [c.tensor(0), c.tensor(1), c.input(2), c.input(3)];
  const each = perElement(c);
  const grad = weighted(each, weight);
  const softplus = (): Tensor => x.neg().clamp(0).add(x.abs().neg().exp().log1p());
  const toInput = (): Tensor => {
    if (!posWeight) return x.sigmoid().sub(t);
    const positive = posWeight.mul(t);
    return positive.add(1).sub(t).mul(x.sigmoid()).sub(positive);
  };
  const toTarget = (): Tensor => (posWeight ? posWeight.sub(1).mul(softplus()).sub(x) : x.neg());
  return [
    c.needs(0) ? toInput().mul(grad) : null,
    c.needs(1) ? toTarget().mul(grad) : null,
    c.needs(2)
      ? dispatch(builtinOps.binaryCrossEntropyWithLogits, [x, t, null, posWeight], { reduction: 'none' }).mul(each)
      : null,
    c.needs(3) ? t.mul(softplus()).mul(grad) : null,
  ];
});

export const loss: Rules<LossOps> = {
  // f = d²
  mseLoss: distance((d) => d.mul(2)),
  // f = |d|
  l1Loss: distance((d) => d.sign()),
  // f = d² / (2 β) up to β, |d| - β/2 beyond
  smoothL1Loss: distance((d, { beta }) => (beta === 0 ? d.sign() : d.div(beta).clamp(-1, 1))),
  // f = d² / 2 up to δ, δ (|d| - δ/2) beyond
  huberLoss: distance((d, { delta }) => d.clamp(-delta, delta)),
  nllLoss,
  nllLossBackward: viaBody,
  crossEntropy: viaBody,
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
};
