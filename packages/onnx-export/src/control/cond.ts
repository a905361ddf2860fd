/** `if` by value: one of two functions runs (https://pytorch.org/docs/stable/generated/torch.cond.html). */
import {
  ArgumentError,
  type ControlRecorder,
  type ControlResult,
  defineOp,
  recordControl,
  type Sig,
  type Tensor,
} from '@tenfold/tensor-core';
import {
  atOnce,
  awaited,
  type Body,
  callWith,
  checkAlike,
  checkCondition,
  checkFunction,
  checkTensors,
  type Given,
  type OfTensors,
  type Steps,
} from './steps.ts';
import { Shaper, type Tree } from './tree.ts';

interface Branches {
  readonly thenBranch: Body;
  readonly elseBranch: Body;
}

type CondSig = Sig<[Tensor], { readonly bodies: Branches }, readonly Tensor[]>;

/** The op of {@link cond}: its input is the predicate. */
export const condOp = /* @__PURE__ */ defineOp<CondSig>({
  name: 'onnx.cond',
  body: ([predicate], { bodies }) => atOnce('onnx.cond', run(predicate, bodies)),
});

/**
 * Runs `thenFn(...operands)` if `predicate` is true, else `elseFn(...operands)`, like `torch.cond`
 * (https://pytorch.org/docs/stable/generated/torch.cond.html). In an export both become branches of ONNX's If, and the file decides in each run.
 * Gradients flow through the branch that ran.
 *
 * Both branches return trees of one structure (a tensor, arrays, records), with the same dtypes and numbers of dims; sizes may differ. In an export
 * neither may write tensors from outside in place.
 *
 * @param predicate one bool.
 * @param operands what the branches are given. Tensors that they read besides are fine.
 * @throws DeviceError on a device that can't be read at once: use {@link condAsync} there, or `where`.
 * @example
 * const y = onnx.cond(x.sum().gt(0), (x) => x.relu(), (x) => x.neg(), [x]);
 */
export function cond<O extends Tensor[], R extends Tree>(
  predicate: Tensor,
  thenFn: (...operands: Given<O>) => R,
  elseFn: (...operands: Given<O>) => NoInfer<R>,
  operands?: readonly [...O],
): R {
  const { result, branches } = prepare(predicate, thenFn, elseFn, operands);
  const recorded = recordControl(condOp, [predicate], null, (recorder) => record(recorder, branches));
  return result.build(recorded ?? atOnce('onnx.cond', run(predicate, branches)));
}

/** {@link cond} for devices whose values have to be awaited, such as `webgpu`. It can't be exported. */
export async function condAsync<O extends Tensor[], R extends Tree>(
  predicate: Tensor,
  thenFn: (...operands: Given<O>) => R,
  elseFn: (...operands: Given<O>) => NoInfer<R>,
  operands?: readonly [...O],
): Promise<R> {
  const { result, branches } = prepare(predicate, thenFn, elseFn, operands);
  return result.build(await awaited(run(predicate, branches)));
}

function prepare<R extends Tree>(
  predicate: Tensor,
  thenFn: OfTensors<R>,
  elseFn: OfTensors<R>,
  operands: readonly Tensor[] = [],
): { result: Shaper<R>; branches: Branches } {
  checkCondition('onnx.cond', predicate, 'the predicate');
  checkFunction('onnx.cond', thenFn, 'thenFn');
  checkFunction('onnx.cond', elseFn, 'elseFn');
  checkTensors('onnx.cond', operands, 'operands');
  const result = new Shaper<R>('onnx.cond: what the branches return');
  const branch = (fn: OfTensors<R>) => (): readonly Tensor[] => {
    const leaves = result.flatten(callWith(fn, operands));
    if (leaves.length === 0) throw new ArgumentError('onnx.cond: the branches must return a tensor at least');
    return leaves;
  };
  return { result, branches: { thenBranch: branch(thenFn), elseBranch: branch(elseFn) } };
}

function* run(predicate: Tensor, branches: Branches): Steps<readonly Tensor[]> {
  return (yield predicate) ? branches.thenBranch() : branches.elseBranch();
}

/** Both branches. The program goes on with what the first gave, at open sizes where they differ. */
function record(recorder: ControlRecorder, branches: Branches): ControlResult[] {
  const yes = recorder.body('thenBranch', [], branches.thenBranch);
  const no = recorder.body('elseBranch', [], branches.elseBranch);
  return yes.map((x, k) => {
    checkAlike('onnx.cond', x, no[k], `result ${k} of both branches`);
    const shape = x.shape.map((size, d) => recorder.size(`${k}.${d}`, 'cond_size', size !== no[k].shape[d]) ?? size);
    return { tensor: recorder.example(() => x, shape), from: [x, no[k]] };
  });
}
