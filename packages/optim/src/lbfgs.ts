/** L-BFGS. */
import { enableGrad } from '@tenfold/autograd';
import {
  ArgumentError,
  cat,
  DeviceError,
  describe,
  isTensor,
  keep,
  type Tensor,
  withoutGrad,
  zerosLike,
} from '@tenfold/tensor-core';
import {
  numberOption,
  Optimizer,
  type ParamGroup,
  type ParamGroupInit,
  type ParamState,
  type Params,
} from './optimizer.ts';

/** Options of {@link LBFGS}, all of them set. */
export interface LBFGSGroup {
  /** Default 1. */
  lr: number;
  /** Iterations of a step at most. Default 20. */
  maxIter: number;
  /** Calls of the closure in a step at most. Default `maxIter · 1.25`. */
  maxEval: number;
  /** No element of the gradient is larger at the end. Default 1e-7. */
  toleranceGrad: number;
  /** A change of the loss or of the parameters that ends the step. Default 1e-9. */
  toleranceChange: number;
  /** How many changes of the gradient are remembered. Default 100. */
  historySize: number;
  /** How the length of an iteration's step is found: `lr` if null. Default null. */
  lineSearchFn: 'strong_wolfe' | null;
}

/** Options of {@link LBFGS}. */
export type LBFGSOptions = Partial<LBFGSGroup>;

/** What is remembered, all in the state of the first parameter. Vectors hold all parameters, one after the other. */
interface LBFGSState extends ParamState {
  funcEvals: number;
  nIter: number;
  /** The direction and the length of the last step. */
  d: Tensor | null;
  t: number;
  /** Changes of the gradient, changes of the parameters, and one divided by their products. */
  oldDirs: readonly Tensor[];
  oldStps: readonly Tensor[];
  ro: readonly Tensor[];
  hDiag: Tensor | number;
  prevFlatGrad: Tensor | null;
  prevLoss: number;
}

/** Work that asks for the values of tensors and goes on with them, at once or later. */
type Reading<T> = Generator<readonly Tensor[], T, readonly number[]>;

/** A point of a line search: how far, the loss, the gradient, and its product with the direction. */
interface Point {
  readonly t: number;
  readonly loss: number;
  readonly grad: Tensor;
  readonly slope: number;
}

const countOption = (name: string) => numberOption(name, (x) => Number.isInteger(x) && x > 0);

/**
 * L-BFGS, which remembers changes of the gradient to know how the loss curves, for losses of the whole data; of Liu and Nocedal, "On the limited memory BFGS
 * method for large scale optimization" (https://pytorch.org/docs/stable/generated/torch.optim.LBFGS.html). All parameters are in one group, and of one dtype and device.
 *
 * A step computes the loss many times, and decides by its values how to go on. So, unlike all others, it reads them back: `step` on devices that can read at
 * once (cpu, cuda), `stepAsync` on all.
 *
 * @example
 * const optimizer = new LBFGS(model.parameters(), { lineSearchFn: 'strong_wolfe' });
 * for (let step = 0; step < 10; step++) {
 *   const loss = await optimizer.stepAsync(() => {
 *     optimizer.zeroGrad();
 *     const loss = criterion.forward(model.forward(x), y);
 *     loss.backward();
 *     return loss;
 *   });
 * }
 */
export class LBFGS extends Optimizer<LBFGSGroup, LBFGSState> {
  /** A `GradScaler`, which takes no closure, refuses it. */
  readonly needsClosure = true;

  constructor(params: Params<LBFGSGroup>, options?: LBFGSOptions) {
    const maxIter = options?.maxIter ?? 20;
    const defaults = {
      lr: 1,
      maxIter,
      maxEval: Math.floor((maxIter * 5) / 4),
      toleranceGrad: 1e-7,
      toleranceChange: 1e-9,
      historySize: 100,
      lineSearchFn: null,
    };
    super(params, defaults, options, {
      lr: numberOption('learning rate'),
      maxIter: countOption('max_iter'),
      maxEval: countOption('max_eval'),
      toleranceGrad: numberOption('tolerance_grad'),
      toleranceChange: numberOption('tolerance_change'),
      historySize: countOption('history_size'),
      lineSearchFn: (value) =>
        value === null || value === 'strong_wolfe'
          ? null
          : `only 'strong_wolfe' is supported, or null, got ${describe(value)}`,
    });
    const [first, ...rest] = this.paramGroups[0].params;
    const other = rest.find(({ dtype, device }) => dtype !== first.dtype || device !== first.device);
    if (other) {
      throw new ArgumentError(
        `LBFGS: parameters must be of one dtype and device, got ${first.dtype} on ${first.device} and ${other.dtype} on ${other.device}`,
      );
    }
  }

  override addParamGroup(group: ParamGroupInit<LBFGSGroup>): void {
    if (this.paramGroups.length > 0)
      throw new ArgumentError("LBFGS doesn't support per-parameter options (parameter groups)");
    super.addParamGroup(group);
  }

  /**
   * Takes a step; the values of the loss are read at once.
   *
   * @param closure clears the gradients, computes the loss and its gradients, and returns the loss.
   * @returns what the closure returned first.
   * @throws DeviceError on a device that can't read at once: `await stepAsync(closure)` there.
   */
  override step(): never;
  override step<T>(closure: () => T): T;
  override step<T>(closure?: () => T): T {
    if (closure === undefined) return this.update();
    const work = this.#step(closure);
    let at = withoutGrad(() => work.next());
    while (!at.done) {
      const values = at.value.map(readNow);
      at = withoutGrad(() => work.next(values));
    }
    return at.value;
  }

  /** As `step`, on every device. */
  async stepAsync<T>(closure: () => T): Promise<T> {
    const work = this.#step(closure);
    let at = withoutGrad(() => work.next());
    while (!at.done) {
      const values = await Promise.all(at.value.map((x) => x.item()));
      at = withoutGrad(() => work.next(values));
    }
    return at.value;
  }

  /** There are no gradients to go by but the closure's. */
  protected override update(): never {
    throw new ArgumentError(
      'LBFGS: step needs a closure that computes the loss and its gradients, and returns the loss',
    );
  }

  protected override stateShape(): null {
    return null;
  }

  *#step<T>(closure: () => T): Reading<T> {
    if (typeof closure !== 'function') this.update();
    const [group] = this.paramGroups;
    this.check(group);
    const { params, lr, maxIter, maxEval, toleranceGrad, toleranceChange, historySize } = group;
    const evaluate = (): { result: T; loss: Tensor; grad: Tensor } => {
      const result = enableGrad(closure);
      if (!isTensor(result) || result.numel() !== 1)
        throw new ArgumentError(
          `LBFGS: the closure must return the loss, a tensor of one element, got ${describe(result)}`,
        );
      return { result, loss: result.detach(), grad: flatGrad(params) };
    };
    const first = evaluate();
    const state = this.stateOf(params[0], initialState);
    state.funcEvals++;
    let evals = 1;
    let { grad } = first;
    let [loss, largest] = yield [first.loss, grad.abs().max()];
    if (largest <= toleranceGrad) return first.result;

    for (let iteration = 1; ; iteration++) {
      state.nIter++;
      const direction = yield* this.#direction(state, grad, historySize);
      if (state.prevFlatGrad) state.prevFlatGrad.copy_(grad);
      else state.prevFlatGrad = keep(grad.clone());
      const before = loss;
      state.prevLoss = loss;
      const [slope, reach, size] = yield [grad.dot(direction), direction.abs().max(), grad.abs().sum()];
      state.t = state.nIter === 1 ? Math.min(1, 1 / size) * lr : lr;
      // no way down
      if (slope > -toleranceChange) break;

      let calls = 0;
      if (group.lineSearchFn === 'strong_wolfe') {
        const start = params.map((param) => param.clone());
        const found = yield* strongWolfe(
          function* (t): Reading<Point> {
            calls++;
            move(params, direction, t);
            const there = evaluate();
            params.forEach((param, i) => {
              param.copy_(start[i]);
            });
            const [value, rise] = yield [there.loss, there.grad.dot(direction)];
            return { t, loss: value, grad: there.grad, slope: rise };
          },
          state.t,
          { t: 0, loss, grad, slope },
          reach,
        );
        ({ loss, grad, t: state.t } = found);
        move(params, direction, state.t);
        [largest] = yield [grad.abs().max()];
      } else {
        move(params, direction, state.t);
        if (iteration !== maxIter) {
          const there = evaluate();
          ({ grad } = there);
          [loss, largest] = yield [there.loss, grad.abs().max()];
          calls = 1;
        }
      }
      evals += calls;
      state.funcEvals += calls;
      if (
        iteration === maxIter ||
        evals >= maxEval ||
        largest <= toleranceGrad ||
        Math.abs(reach * state.t) <= toleranceChange ||
        Math.abs(loss - before) < toleranceChange
      )
        break;
    }
    return first.result;
  }

  /** The next direction, which becomes that of the state: minus the gradient times what is known of the inverse of the Hessian. */
  *#direction(state: LBFGSState, grad: Tensor, historySize: number): Reading<Tensor> {
    if (state.d === null || state.prevFlatGrad === null) {
      state.d = keep(grad.neg());
      return state.d;
    }
    const change = grad.sub(state.prevFlatGrad);
    const moved = state.d.mul(state.t);
    const product = change.dot(moved);
    const [curvature] = yield [product];
    if (curvature > 1e-10) {
      const last = 1 - historySize;
      state.oldDirs = [...(last ? state.oldDirs.slice(last) : []), keep(change)];
      state.oldStps = [...(last ? state.oldStps.slice(last) : []), keep(moved)];
      state.ro = [...(last ? state.ro.slice(last) : []), keep(product.reciprocal())];
      state.hDiag = keep(product.div(change.dot(change)));
    }
    const { oldDirs, oldStps, ro } = state;
    const shares: Tensor[] = [];
    let q = grad.neg();
    for (let i = oldDirs.length - 1; i >= 0; i--) {
      shares[i] = oldStps[i].dot(q).mul(ro[i]);
      q = q.sub(oldDirs[i].mul(shares[i]));
    }
    let r = q.mul(state.hDiag);
    for (let i = 0; i < oldDirs.length; i++) {
      const share = oldDirs[i].dot(r).mul(ro[i]);
      r = r.add(oldStps[i].mul(shares[i].sub(share)));
    }
    state.d = keep(r);
    return r;
  }
}

const initialState = (): LBFGSState => ({
  funcEvals: 0,
  nIter: 0,
  d: null,
  t: 0,
  oldDirs: [],
  oldStps: [],
  ro: [],
  hDiag: 1,
  prevFlatGrad: null,
  prevLoss: 0,
});

function readNow(x: Tensor): number {
  try {
    return x.itemSync();
  } catch (error) {
    if (error instanceof DeviceError)
      throw new DeviceError(
        `LBFGS: a step reads the loss, and ${x.device} can't be read at once; call await optimizer.stepAsync(closure)`,
      );
    throw error;
  }
}

/** All gradients as one vector; zeros where there is none. */
const flatGrad = (params: ParamGroup<LBFGSGroup>['params']): Tensor =>
  cat(params.map((param) => (param.grad ?? zerosLike(param)).detach().reshape([-1])));

/** Moves all parameters by `t` along a direction. */
function move(params: readonly Tensor[], direction: Tensor, t: number): void {
  let offset = 0;
  for (const param of params) {
    const end = offset + param.numel();
    param.add_(direction.slice(0, offset, end).view(param.shape), { alpha: t });
    offset = end;
  }
}

/** Where the cubic through two points with their slopes is lowest, within bounds. */
function lowestOfCubic(a: Point, b: Point, [low, high]: readonly [number, number]): number {
  const d1 = a.slope + b.slope - (3 * (a.loss - b.loss)) / (a.t - b.t);
  const square = d1 ** 2 - a.slope * b.slope;
  // NaN as well
  if (!(square >= 0)) return (low + high) / 2;
  const d2 = Math.sqrt(square);
  const at =
    a.t <= b.t
      ? b.t - (b.t - a.t) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2))
      : a.t - (a.t - b.t) * ((a.slope + d2 - d1) / (a.slope - b.slope + 2 * d2));
  return Math.min(Math.max(at, low), high);
}

/**
 * A step length at which the loss is low enough and its slope flat enough (the strong Wolfe conditions): first goes on until such points are bracketed, then
 * narrows the bracket. Nocedal and Wright, "Numerical Optimization", algorithms 3.5 and 3.6, with PyTorch's choices.
 */
function* strongWolfe(
  look: (t: number) => Reading<Point>,
  length: number,
  start: Point,
  reach: number,
): Reading<Point> {
  const [c1, c2, shortest, most] = [1e-4, 0.9, 1e-9, 25];
  const flat = ({ slope }: Point): boolean => Math.abs(slope) <= -c2 * start.slope;
  const high = ({ t, loss }: Point): boolean => loss > start.loss + c1 * t * start.slope;

  let before = start;
  let point = yield* look(length);
  let bracket: [Point, Point] | null = null;
  let looks = 0;
  for (; looks < most; looks++) {
    if (high(point) || (looks > 1 && point.loss >= before.loss)) bracket = [before, point];
    else if (flat(point)) return point;
    else if (point.slope >= 0) bracket = [before, point];
    if (bracket) break;
    const next = lowestOfCubic(before, point, [point.t + 0.01 * (point.t - before.t), point.t * 10]);
    before = point;
    point = yield* look(next);
  }
  bracket ??= [start, point];

  let stuck = false;
  let [low, top] = bracket[0].loss <= bracket[1].loss ? [0, 1] : [1, 0];
  while (looks < most) {
    const [left, right] = [Math.min(bracket[0].t, bracket[1].t), Math.max(bracket[0].t, bracket[1].t)];
    if ((right - left) * reach < shortest) break;
    let t = lowestOfCubic(bracket[0], bracket[1], [left, right]);
    // a point too close to an end for the second time, or at it, is moved inwards
    const margin = 0.1 * (right - left);
    if (Math.min(right - t, t - left) < margin) {
      if (stuck || t >= right || t <= left) {
        t = Math.abs(t - right) < Math.abs(t - left) ? right - margin : left + margin;
        stuck = false;
      } else stuck = true;
    } else stuck = false;

    point = yield* look(t);
    looks++;
    if (high(point) || point.loss >= bracket[low].loss) {
      bracket[top] = point;
      [low, top] = bracket[0].loss <= bracket[1].loss ? [0, 1] : [1, 0];
    } else {
      if (flat(point)) return point;
      if (point.slope * (bracket[top].t - bracket[low].t) >= 0) bracket[top] = bracket[low];
      bracket[low] = point;
    }
  }
  return bracket[low];
}
