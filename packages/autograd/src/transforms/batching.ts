/**
 * How ops take a batch: the legend of the table in `batch-rows.ts`. A value of a traced function stands either for itself or for all samples at once,
 * as a tensor with one more dim in front. Rows call ordinary ops, so that gradients flow and transforms nest.
 */
import {
  type AnySig,
  AutogradError,
  type BuiltinOps,
  builtinOps,
  dispatch,
  type GraphNode,
  isTensor,
  type Operand,
  type OpSpec,
  type Outputs,
  resultType,
  type Shape,
  sameShape,
  type Tensor,
} from '@tenfold/tensor-core';
import { functionOf } from '../function.ts';
import type { AnyRule } from '../rule.ts';
import type { Randomness } from './aside.ts';
import { type Apply, type Env, inModeOf, isRandom, runBodyOf } from './interpret.ts';

/** A value: `tensor` has the batch in front if `batched`. */
export interface Batched {
  readonly tensor: Tensor;
  readonly batched: boolean;
}

/** One op that is to run for all samples. */
export class BatchCall<S extends AnySig = AnySig> {
  readonly size: number;
  readonly node: GraphNode;
  readonly attrs: S['attrs'];
  readonly #inputs: readonly (Batched | number | null)[];

  constructor(size: number, node: GraphNode, inputs: readonly (Batched | number | null)[]) {
    this.size = size;
    this.node = node;
    this.attrs = node.attrs as S['attrs'];
    this.#inputs = inputs;
  }

  get count(): number {
    return this.#inputs.length;
  }

  isTensor(i: number): boolean {
    return typeof this.#inputs[i] === 'object' && this.#inputs[i] !== null;
  }

  isBatched(i: number): boolean {
    const x = this.#inputs[i];
    return typeof x === 'object' && x !== null && x.batched;
  }

  /** Input `i` as it is: with the batch in front if it has one. */
  raw(i: number): Operand {
    const x = this.#inputs[i];
    return typeof x === 'object' && x !== null ? x.tensor : x;
  }

  /** Tensor `i` with the batch in front, repeated if it has none. */
  tensor(i: number): Tensor {
    const x = this.raw(i) as Tensor;
    return this.isBatched(i) ? x : x.expand([this.size, ...x.shape]);
  }

  /** Shape of input `i` for one sample. */
  shape(i: number): Shape {
    const x = this.raw(i);
    if (!isTensor(x)) return [];
    return this.isBatched(i) ? x.shape.slice(1) : x.shape;
  }

  /** Shape of output `k` for one sample. */
  out(k = 0): Shape {
    return this.node.outputs[k].shape;
  }

  /** Input `i` so that it broadcasts against others of `rank` dims per sample: dims of size 1 between the batch and its own. */
  aligned(i: number, rank: number): Operand {
    const x = this.raw(i);
    const own = this.shape(i);
    if (!isTensor(x) || !this.isBatched(i) || own.length >= rank) return x;
    return x.reshape([this.size, ...new Array<number>(rank - own.length).fill(1), ...own]);
  }

  /** The op itself on other inputs or with other attributes. */
  run(inputs: readonly Operand[], attrs: object | null = this.attrs): Outputs {
    return dispatch(this.node.spec, inputs, attrs);
  }
}

/** A row: how an op of signature `S` takes a batch. */
export type BatchRow<S extends AnySig = AnySig> =
  /** One result per element, inputs broadcast: the same op, with ranks aligned. `promotes` are the inputs that decide the dtype (default all). */
  | { readonly kind: 'pointwise'; readonly promotes?: 'all' | 'rest' | 'none' }
  /** The ops of its body, one by one. */
  | { readonly kind: 'body' }
  /** A view: the view op with other attributes. */
  | { readonly kind: 'view'; to(attrs: S['attrs'], shape: Shape, out: Shape): readonly [OpSpec, object | null] }
  /** Written out. What it gives is put into the shape of its outputs, with the batch in front. */
  | { readonly kind: 'rewrite'; run(c: BatchCall<S>): Outputs }
  /** Draws numbers: of a shape in its attributes, of the shape of its first input, or by what its inputs hold. */
  | { readonly kind: 'random'; readonly shape: 'attrs' | 'like' | 'input' }
  /** Sample by sample. Right for every op; the default for ops of third parties. */
  | { readonly kind: 'loop' };

/** A table of rows for a family of ops. */
export type BatchRows<Ops> = { readonly [K in keyof Ops]: Ops[K] extends AnySig ? BatchRow<Ops[K]> : never };

export const pointwise = { kind: 'pointwise' } as const;
export const body = { kind: 'body' } as const;
export const loop = { kind: 'loop' } as const;
/** An op without tensor inputs: there is nothing to batch. */
export const nullary = loop;

export const rewrite = <S extends AnySig>(run: (c: BatchCall<S>) => Outputs): BatchRow<S> => ({ kind: 'rewrite', run });

/** The same op with the same attributes: it works on the last dims, or on none in particular. */
export const same: BatchRow<never> = { kind: 'rewrite', run: (c) => c.run([c.tensor(0)]) };

/** The same op on its one tensor, with the attributes that `attrs` gives. */
export const withAttrs = <S extends AnySig>(
  attrs: (attrs: S['attrs'], shape: Shape, out: Shape) => S['attrs'],
): BatchRow<S> => rewrite((c) => c.run([c.tensor(0)], attrs(c.attrs, c.shape(0), c.out())));

/** Tensor `i` with the batch in front and at least one dim behind it: a 0-d tensor counts as one of shape [1]. */
export function atLeast1d(c: BatchCall, i: number): Tensor {
  const x = c.tensor(i);
  return c.shape(i).length === 0 ? x.unsqueeze(1) : x;
}

/** An op along `attrs.dim`, which is one further with the batch in front. */
export const alongDim = <S extends AnySig & { attrs: { readonly dim: number } }>(): BatchRow<S> =>
  rewrite((c) => c.run([atLeast1d(c, 0)], { ...c.attrs, dim: c.attrs.dim + 1 }));

const rows = new Map<OpSpec, BatchRow<never>>();

/** Enters a table under the builtin specs. */
export function installBatchRows(table: { readonly [K in keyof BuiltinOps]: BatchRow<BuiltinOps[K]> }): void {
  for (const [name, row] of Object.entries(table))
    rows.set(builtinOps[name as keyof BuiltinOps] as OpSpec, row as BatchRow<never>);
}

/** The row of an op: of third parties, those made of other ops run as these, all others sample by sample. */
export function batchRowOf(spec: OpSpec): BatchRow<never> {
  const known = rows.get(spec);
  if (known) return known;
  const rule = spec.rule as AnyRule | null;
  return spec.body && rule?.kind === 'viaBody' && !functionOf(spec) ? body : loop;
}

const listOf = (results: Outputs): readonly Tensor[] => (isTensor(results) ? [results] : results);

/** The interpreter of graphs for a batch of `size` samples. */
export function batching(size: number, randomness: Randomness): Apply<Batched> {
  const apply: Apply<Batched> = (node, inputs, env) =>
    inModeOf(node, () => {
      const call = new BatchCall(size, node, inputs);
      const random = isRandom(node);
      refuseCaptured(node, env);
      const batched = inputs.some((x) => typeof x === 'object' && x !== null && x.batched);
      if (!batched && !(random && randomness === 'different')) {
        const given = inputs.map((_, i) => call.raw(i));
        const safe = functionOf(node.spec) ? given.map((x) => (isTensor(x) ? x.clone() : x)) : given;
        return listOf(call.run(safe)).map((tensor) => ({ tensor, batched: false }));
      }
      return runBatched(call, batchRowOf(node.spec), env, random);
    });

  const runBatched = (
    call: BatchCall,
    row: BatchRow<never>,
    env: Env<Batched>,
    random: boolean,
  ): readonly Batched[] => {
    switch (row.kind) {
      case 'pointwise':
        return fitted(call, runPointwise(call, row.promotes ?? 'all'));
      case 'view': {
        const [spec, attrs] = row.to(call.attrs as never, call.shape(0), call.out());
        return fitted(call, dispatch(spec, [call.tensor(0)], attrs));
      }
      case 'rewrite':
        return fitted(call, row.run(call as BatchCall<never>));
      case 'body':
        return call.node.body ? runBodyOf(call.node.body, env, apply) : fitted(call, runLoop(call));
      case 'random':
        return runRandom(call, row.shape);
      case 'loop':
        if (random && randomness === 'same') refuseSame();
        return fitted(call, runLoop(call));
    }
  };

  const runRandom = (call: BatchCall, shape: 'attrs' | 'like' | 'input'): readonly Batched[] => {
    if (randomness === 'same') {
      if (shape !== 'like') refuseSame();
      const like = (call.raw(0) as Tensor).newZeros(call.shape(0));
      return [{ tensor: call.run([like]) as Tensor, batched: false }];
    }
    if (shape === 'attrs') {
      const attrs = call.attrs as { readonly shape: Shape };
      return fitted(call, call.run([], { ...attrs, shape: [size, ...attrs.shape] }));
    }
    const rank = call.shape(0).length;
    return fitted(call, call.run([call.tensor(0), ...restOf(call).map((i) => call.aligned(i, rank))]));
  };
  return apply;
}

/** A Function's forward that uses a tensor from around it sees that of the first sample. */
function refuseCaptured(node: GraphNode, env: Env<Batched>): void {
  if (!functionOf(node.spec) || !node.body?.captured.some((value) => env.get(value).batched)) return;
  throw new AutogradError(
    `vmap: forward of ${node.spec.name} uses a tensor that depends on the mapped arguments and is not one of its own; pass it as an argument`,
  );
}

function refuseSame(): never {
  throw new AutogradError('Vmap does not currently support same randomness with a batched tensor input');
}

const restOf = (call: BatchCall): number[] => Array.from({ length: call.count - 1 }, (_, i) => i + 1);

/** Results in the shape of one sample's, with the batch in front. */
function fitted(call: BatchCall, results: Outputs): readonly Batched[] {
  return listOf(results).map((tensor, k) => {
    const wanted = [call.size, ...call.out(k)];
    return { tensor: sameShape(tensor.shape, wanted) ? tensor : tensor.reshape(wanted), batched: true };
  });
}

function runPointwise(call: BatchCall, promotes: 'all' | 'rest' | 'none'): Outputs {
  const indices = Array.from({ length: call.count }, (_, i) => i);
  const rank = Math.max(...indices.map((i) => call.shape(i).length));
  const inputs = indices.map((i) => call.aligned(i, rank));
  const from = { all: 0, rest: 1, none: call.count }[promotes];
  const deciding = indices.filter((i) => i >= from && call.raw(i) !== null);
  if (deciding.length > 1) {
    // 0-d samples in a batch are no longer 0-d and would weigh more in the choice of the dtype
    const perSample = deciding.map((i) => {
      const x = call.raw(i);
      return isTensor(x) ? { dtype: x.dtype, shape: call.shape(i) } : x;
    });
    const dtype = resultType(perSample);
    if (dtype !== resultType(deciding.map((i) => inputs[i]))) {
      for (const i of deciding) {
        const x = inputs[i];
        if (isTensor(x)) inputs[i] = x.to(dtype);
      }
    }
  }
  return call.run(inputs);
}

/** The op once per sample. */
function runLoop(call: BatchCall): Outputs {
  const { size, node } = call;
  // a Function may write to its arguments
  const own = (x: Tensor): Tensor => (functionOf(node.spec) ? x.clone() : x);
  const results = Array.from({ length: size }, (_, b) =>
    listOf(
      call.run(
        Array.from({ length: call.count }, (_, i) => {
          const x = call.raw(i);
          return isTensor(x) && call.isBatched(i) ? own(x.select(0, b)) : x;
        }),
      ),
    ),
  );
  return node.outputs.map(({ shape, dtype }, k) => {
    if (size > 0) return stacked(results.map((outputs) => outputs[k]));
    const x = Array.from({ length: call.count }, (_, i) => call.raw(i)).find(isTensor);
    return dispatch(builtinOps.full, [], { shape: [0, ...shape], dtype, device: x?.device ?? 'cpu', value: 0 });
  });
}

const stacked = (tensors: readonly Tensor[]): Tensor => dispatch(builtinOps.stack, tensors, { dim: 0 });
