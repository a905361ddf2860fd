/** Loops by count and by condition (https://onnx.ai/onnx/operators/onnx__Loop.html). */
import {
  ArgumentError,
  type ControlRecorder,
  type ControlResult,
  DTypeError,
  defineOp,
  describe,
  isTensor,
  recordControl,
  ShapeError,
  type Sig,
  stack,
  type Tensor,
  tensor,
  withoutGrad,
  zeros,
} from '@tenfold/tensor-core';
import {
  apart,
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

/** What the body of a {@link loop} returns. */
export interface LoopStep<C extends readonly Tensor[], S extends readonly Tensor[]> {
  /** Whether to run again: one bool. Default: as before. */
  readonly cond?: Tensor | null;
  /** What the next iteration is given, as many tensors as this one was given. */
  readonly carried: readonly [...C];
  /** What is kept of each iteration. */
  readonly scanned?: readonly [...S];
}

/** What a {@link loop} gives. */
export interface LoopResult<C extends readonly Tensor[], S extends readonly Tensor[]> {
  /** What the last iteration handed on. */
  readonly carried: C;
  /** What was kept of the iterations, stacked in a first dim. */
  readonly scanned: S;
}

type Tuple = Tensor[] | [];
type Trips = Tensor | number | null;
type LoopSig = Sig<
  [Trips, Tensor | null, ...Tensor[]],
  { readonly scans: boolean; readonly bodies: { readonly body: Body } },
  readonly Tensor[]
>;

/** The op of {@link loop}: its inputs are the number of trips, the first condition and what is carried. The body gives `[cond, ...carried, ...scanned]`. */
export const loopOp = /* @__PURE__ */ defineOp<LoopSig>({
  name: 'onnx.loop',
  body: ([trips, condition, ...carried], { scans, bodies }) =>
    atOnce('onnx.loop', run({ name: 'onnx.loop', trips, condition, carried, scans }, bodies.body)),
});

/**
 * Runs `body(i, cond, ...carried)` again and again: at most `maxTrips` times, and as long as the condition holds, like ONNX's Loop
 * (https://onnx.ai/onnx/operators/onnx__Loop.html), which it becomes in an export. A loop that knows the number of its trips reads no value. Gradients
 * flow through all iterations.
 *
 * Carried tensors keep dtype and number of dims; their sizes may change. A loop that runs no times runs its body once, without effect, for the shapes of
 * what is scanned.
 *
 * @param maxTrips a number, one int64, or `null` for no limit.
 * @param condition whether to begin: one bool, or `null` for true.
 * @param body `i` is the number of the iteration, int64 `[]`; `cond` the condition that let it run, bool `[]`.
 * @throws DeviceError on a device that can't be read at once, if a value decides: use {@link loopAsync} there.
 * @example
 * const { carried: [sum], scanned: [sums] } = onnx.loop(10, null, [zeros([])], (i, _, sum) => {
 *   const next = sum.add(i);
 *   return { cond: next.lt(20), carried: [next], scanned: [next] };
 * });
 */
export function loop<C extends Tensor[], S extends Tuple = []>(
  maxTrips: Trips,
  condition: Tensor | null,
  carried: readonly [...C],
  body: (i: Tensor, cond: Tensor, ...carried: Given<C>) => LoopStep<Given<C>, S>,
): LoopResult<C, S> {
  const call = prepare('onnx.loop', maxTrips, condition, carried, true);
  return resultOf(call, runOrRecord(call, flatBody('onnx.loop', carried.length, body)));
}

/** {@link loop} for devices whose values have to be awaited, such as `webgpu`. It can't be exported. */
export async function loopAsync<C extends Tensor[], S extends Tuple = []>(
  maxTrips: Trips,
  condition: Tensor | null,
  carried: readonly [...C],
  body: (i: Tensor, cond: Tensor, ...carried: Given<C>) => LoopStep<Given<C>, S>,
): Promise<LoopResult<C, S>> {
  const call = prepare('onnx.loop', maxTrips, condition, carried, true);
  return resultOf(call, await awaited(run(call, flatBody('onnx.loop', carried.length, body))));
}

/**
 * Runs `carried = body(...carried)` as long as `cond(...carried)` is true, like PyTorch's `while_loop`. It is a {@link loop} in an export.
 *
 * @throws DeviceError on a device that can't be read at once: use {@link whileLoopAsync} there.
 * @example
 * const [n, steps] = onnx.whileLoop((n) => n.gt(1).all(), (n, k) => [n.div(2), k.add(1)], [x, zeros([])]);
 */
export function whileLoop<C extends Tensor[]>(
  cond: (...carried: Given<C>) => Tensor,
  body: (...carried: Given<C>) => readonly [...Given<C>],
  carried: readonly [...C],
): C {
  const { call, flat } = prepareWhile(cond, body, carried);
  return resultOf<C, readonly []>(call, runOrRecord(call, flat)).carried;
}

/** {@link whileLoop} for devices whose values have to be awaited, such as `webgpu`. It can't be exported. */
export async function whileLoopAsync<C extends Tensor[]>(
  cond: (...carried: Given<C>) => Tensor,
  body: (...carried: Given<C>) => readonly [...Given<C>],
  carried: readonly [...C],
): Promise<C> {
  const { call, flat } = prepareWhile(cond, body, carried);
  return resultOf<C, readonly []>(call, await awaited(run(call, flat))).carried;
}

interface Call {
  /** What messages say. */
  readonly name: string;
  readonly trips: Trips;
  readonly condition: Tensor | null;
  readonly carried: readonly Tensor[];
  /** Whether the body may give more than what is carried. */
  readonly scans: boolean;
}

function prepare(
  name: string,
  trips: Trips,
  condition: Tensor | null,
  carried: readonly Tensor[],
  scans: boolean,
): Call {
  if (isTensor(trips)) {
    if (trips.dtype !== 'int64') throw new DTypeError(`${name}: maxTrips must be of dtype int64, got ${trips.dtype}`);
    if (trips.numel() !== 1) throw new ShapeError(`${name}: maxTrips must have one element, got ${trips.numel()}`);
  } else if (trips !== null && !(Number.isInteger(trips) && trips >= 0)) {
    throw new ArgumentError(
      `${name}: maxTrips must be an integer of 0 or more, one int64, or null, got ${describe(trips)}`,
    );
  }
  if (condition !== null) checkCondition(name, condition, 'the condition');
  checkTensors(name, carried, 'carried');
  const scalar = (x: Tensor): Tensor => (x.ndim === 0 ? x : x.reshape([]));
  return {
    name,
    trips: isTensor(trips) ? scalar(trips) : trips,
    condition: condition && scalar(condition),
    carried,
    scans,
  };
}

function prepareWhile(
  cond: OfTensors<Tensor>,
  body: OfTensors<readonly Tensor[]>,
  carried: readonly Tensor[],
): { call: Call; flat: Body } {
  const name = 'onnx.whileLoop';
  checkFunction(name, cond, 'cond');
  checkFunction(name, body, 'body');
  checkTensors(name, carried, 'carried');
  const first: unknown = callWith(cond, carried);
  checkCondition(name, first, 'what cond returns');
  const flat = flatBody(name, carried.length, (_i: Tensor, _cond: Tensor, ...given: readonly Tensor[]) => {
    const next: unknown = callWith(body, given);
    checkTensors(name, next, 'what body returns');
    return { cond: callWith(cond, next), carried: next };
  });
  return { call: prepare(name, null, first, carried, false), flat };
}

/** The body as a function of tensors alone: `[i, cond, ...carried]` → `[cond, ...carried, ...scanned]`. */
function flatBody(name: string, count: number, body: OfTensors<LoopStep<readonly Tensor[], readonly Tensor[]>>): Body {
  checkFunction(name, body, 'body');
  return (i, before, ...given) => {
    const step: unknown = callWith(body, [i, before, ...given]);
    if (typeof step !== 'object' || step === null || !('carried' in step))
      throw new ArgumentError(`${name}: body must return { cond, carried, scanned }, got ${describe(step)}`);
    const { cond, carried, scanned = [] } = step as LoopStep<readonly Tensor[], readonly Tensor[]>;
    checkTensors(name, carried, 'what body returns as carried');
    checkTensors(name, scanned, 'what body returns as scanned');
    if (carried.length !== count)
      throw new ArgumentError(
        `${name}: body must return as many carried tensors as it is given, ${count}, got ${carried.length}`,
      );
    if (count + scanned.length === 0) throw new ArgumentError(`${name}: nothing is carried or scanned`);
    if (cond !== null && cond !== undefined) checkCondition(name, cond, 'the condition that body returns');
    return [cond ? (cond.ndim === 0 ? cond : cond.reshape([])) : before, ...carried, ...scanned];
  };
}

function resultOf<C extends readonly Tensor[], S extends readonly Tensor[]>(
  { carried }: Call,
  results: readonly Tensor[],
): LoopResult<C, S> {
  const n = carried.length;
  return { carried: results.slice(0, n), scanned: results.slice(n) } as unknown as LoopResult<C, S>;
}

const endless = (name: string): ArgumentError =>
  new ArgumentError(`${name}: it would run for ever; give maxTrips, or return cond from body`);

function* run({ name, trips, condition, carried: first, scans }: Call, body: Body): Steps<Tensor[]> {
  const limit = trips === null ? Number.POSITIVE_INFINITY : typeof trips === 'number' ? trips : Number(yield trips);
  const { device } = [trips, condition, ...first].find(isTensor) ?? {};
  let goOn = condition === null || Boolean(yield condition);
  let given: Tensor = condition ?? tensor(true, { device });
  let carried: readonly Tensor[] = first;
  const n = first.length;
  const kept: Tensor[][] = [];
  let i = 0;
  for (; i < limit && goOn; i++) {
    const [after, ...results] = body(tensor(i, { dtype: 'int64', device }), given, ...carried);
    // the condition itself, handed on, needs not be read again
    if (after !== given) goOn = Boolean(yield after);
    else if (limit === Number.POSITIVE_INFINITY) throw endless(name);
    carried = checkCarried(name, carried, results);
    results.slice(n).forEach((x, k) => {
      (kept[k] ??= []).push(x);
    });
    given = after;
  }
  const stacked = i > 0 ? kept.map((list) => stack(list)) : scans ? emptyOf(body, given, first) : [];
  return [...apart(carried, first), ...stacked];
}

/** The scanned results of no iterations: their shapes are known from one without effect. */
function emptyOf(body: Body, condition: Tensor, carried: readonly Tensor[]): Tensor[] {
  const { device } = condition;
  const results = withoutGrad(() => body(tensor(0, { dtype: 'int64', device }), condition, ...carried));
  return results.slice(1 + carried.length).map(({ shape, dtype }) => zeros([0, ...shape], { dtype, device }));
}

function checkCarried(name: string, before: readonly Tensor[], results: readonly Tensor[]): Tensor[] {
  return before.map((x, k) => {
    checkAlike(name, x, results[k], `carried tensor ${k} before and after an iteration`);
    return results[k];
  });
}

function runOrRecord(call: Call, body: Body): readonly Tensor[] {
  const { trips, condition, carried, scans } = call;
  const recorded = recordControl(loopOp, [trips, condition, ...carried], { scans }, (recorder) =>
    record(recorder, call, body),
  );
  return recorded ?? atOnce(call.name, run(call, body));
}

/** One iteration, traced again until each carried size is either the same before and after it or open. */
function record(recorder: ControlRecorder, { name, trips, condition, carried }: Call, body: Body): ControlResult[] {
  const { device } = [trips, condition, ...carried].find(isTensor) ?? {};
  const sizes = carried.map((x, k) =>
    x.shape.map((size, d) => recorder.size(`in${k}.${d}`, 'loop_size', false) ?? size),
  );
  const open = carried.map((x, k) => x.shape.map((_, d) => recorder.size(`in${k}.${d}`, 'loop_size', false) !== null));
  for (;;) {
    const parameters = [
      recorder.example(() => tensor(0, { dtype: 'int64', device })),
      recorder.example(() => tensor(true, { device })),
      ...carried.map((x, k) => recorder.example(() => x, sizes[k])),
    ];
    const [after, ...results] = recorder.body('body', parameters, () => body(...parameters));
    if (after === parameters[1] && trips === null) throw endless(name);
    const next = checkCarried(name, carried, results);
    let again = false;
    next.forEach(({ shape }, k) =>
      shape.forEach((size, d) => {
        if (size === sizes[k][d] || open[k][d]) return;
        sizes[k][d] = recorder.size(`in${k}.${d}`, 'loop_size', true) ?? size;
        open[k][d] = true;
        again = true;
      }),
    );
    if (again) continue;
    const scanned = results.slice(carried.length);
    const known = typeof trips === 'number' && condition === null && after === parameters[1];
    const times = known ? trips : scanned.length > 0 ? (recorder.size('trips', 'loop_trips', true) ?? 1) : 0;
    return [
      ...next.map((x, k) => {
        const shape = sizes[k].map((size, d) =>
          open[k][d] ? (recorder.size(`out${k}.${d}`, 'loop_size', true) ?? size) : size,
        );
        return { tensor: recorder.example(() => x, shape), from: [x] };
      }),
      ...scanned.map((x) => ({ tensor: recorder.example(() => x.unsqueeze(0), [times, ...x.shape]), from: [] })),
    ];
  }
}
