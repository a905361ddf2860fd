/**
 * What an op is. Each op is one row in the tables of `ops/<family>.ts`; this file says what a row holds.
 */
import type { Runtime, TensorView } from './backend.ts';
import type { DType } from './dtype.ts';
import type { Shape } from './shape.ts';
import type { Tensor } from './tensor.ts';

/** What stands at an input of an op: a tensor, a JavaScript number (a weak scalar, as Python's numbers are in PyTorch), or nothing. */
export type Operand = Tensor | number | null;

/** What an op gives back. */
export type Outputs = Tensor | readonly Tensor[];

/** The signature of an op: its inputs, its attributes (`null` if it has none) and its outputs. */
export interface Sig<I extends readonly Operand[], A extends object | null = null, O extends Outputs = Tensor> {
  readonly inputs: I;
  readonly attrs: A;
  readonly outputs: O;
}

/** Any signature. */
export type AnySig = Sig<readonly Operand[], object | null, Outputs>;

/** Shape and dtype of an output before it is computed. */
export interface TensorMeta {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** How a view op reads the storage of its input. */
export interface ViewGeometry {
  readonly shape: Shape;
  readonly strides: readonly number[];
  readonly offset: number;
}

/**
 * Which inputs an in-place twin writes, one per output, and how: `'direct'` if the kernel may be handed the input itself as its output, `'copy'` if the
 * result is computed aside and copied in. `'view'` writes nothing: the tensor shows its memory in another shape from now on.
 */
export type InPlace<S extends AnySig = AnySig> =
  | {
      /** A function, if there may be any number of inputs. One that is null is not written. */
      readonly writes: readonly number[] | ((inputs: readonly Operand[]) => readonly number[]);
      readonly how: 'direct' | 'copy';
      /** Every element gets the same value, so that elements which share memory do no harm. */
      readonly uniform?: true;
      /** An element may be written before another input at the same place has been read: such an input must not be the written one. */
      readonly scattered?: true;
    }
  | {
      readonly writes: readonly [0];
      readonly how: 'view';
      /** The view that shows the changed tensor as it was, given the shape it had. */
      undo(shape: Shape, attrs: S['attrs']): { readonly spec: OpSpec; readonly attrs: object | null };
    };

/** The parts of an op. Exactly one of `view`, `kernel` and `body` says how it is computed. */
export interface OpInit<S extends AnySig = AnySig> {
  readonly name: string;
  /**
   * Checks the inputs and attributes and gives shape and dtype of each output. It sees shapes and dtypes only, never values.
   * A body may leave it out; such an op can have no override kernels.
   */
  infer?(inputs: S['inputs'], attrs: S['attrs']): TensorMeta | readonly TensorMeta[];
  /** A window onto the first input's storage. */
  view?(input: Tensor, attrs: S['attrs']): ViewGeometry;
  /** Computes the outputs with the kernel families of the inputs' device. */
  kernel?(
    runtime: Runtime,
    outs: readonly TensorView[],
    inputs: S['inputs'],
    attrs: S['attrs'],
    /** What `infer` gave for this call, for kernels that need what it found out. */
    meta?: TensorMeta | readonly TensorMeta[] | null,
  ): void;
  /** The op in terms of other ops. Backends may override it; autograd and tracers may look inside. */
  body?(inputs: S['inputs'], attrs: S['attrs']): S['outputs'];
  /** A view that forgets where it came from (`detach`, `data`): with the version counter of its source, or one of its own. */
  readonly detaches?: 'shared' | 'fresh';
  /** The device of the outputs, for ops without tensor inputs and for copies between devices. Default: that of the inputs. */
  device?(attrs: S['attrs']): string | undefined;
  /** What the in-place twin does to its inputs, if there is one. */
  readonly inplace?: InPlace<S>;
}

/**
 * One op. All specs are of this one class (one hidden class, so that the dispatcher's reads stay monomorphic); autograd keeps its rule in a slot.
 */
export class OpSpec<S extends AnySig = AnySig> {
  readonly name: string;
  readonly infer: NonNullable<OpInit<S>['infer']> | null;
  readonly view: NonNullable<OpInit<S>['view']> | null;
  readonly kernel: NonNullable<OpInit<S>['kernel']> | null;
  readonly body: NonNullable<OpInit<S>['body']> | null;
  readonly detaches: 'shared' | 'fresh' | null;
  readonly device: NonNullable<OpInit<S>['device']> | null;
  readonly inplace: InPlace<S> | null;
  /** For an in-place op: the op whose result it writes and whose derivative it has. */
  readonly inplaceOf: OpSpec<S> | null;
  /** Filled by `@tenfold/autograd`: the derivative row. */
  rule: object | null = null;
  #twin: OpSpec<S> | null = null;

  constructor(init: OpInit<S>, inplaceOf: OpSpec<S> | null = null) {
    this.name = init.name;
    this.infer = init.infer ?? null;
    this.view = init.view ?? null;
    this.kernel = init.kernel ?? null;
    this.body = init.body ?? null;
    this.detaches = init.detaches ?? null;
    this.device = init.device ?? null;
    this.inplace = init.inplace ?? null;
    this.inplaceOf = inplaceOf;
  }

  /** The numbers of the inputs that are written: none but by an op in place, or its twin. */
  writes(inputs: readonly Operand[]): readonly number[] {
    if (!this.inplace) return [];
    const { writes } = this.inplace;
    const all = typeof writes === 'function' ? writes(inputs) : writes;
    for (let k = 0; k < all.length; k++) if (inputs[all[k]] === null) return all.filter((i) => inputs[i] !== null);
    return all;
  }

  /** The op that writes its result into its first input (`add` → `add_`). */
  get inplaceTwin(): OpSpec<S> {
    if (this.#twin) return this.#twin;
    if (!this.inplace) throw new TypeError(`op '${this.name}' has no in-place form`);
    this.#twin = new OpSpec<S>({ name: `${this.name}_`, inplace: this.inplace }, this);
    return this.#twin;
  }
}

/** Makes an op of third parties travel the road: `const spec = defineOp<Sig<[Tensor], null>>({ name: 'my.op', infer, body })`, called by `dispatch(spec, [x], null)`. */
export function defineOp<S extends AnySig>(init: OpInit<S>): OpSpec<S> {
  return new OpSpec<S>(init);
}
