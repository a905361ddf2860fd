/** A table of a model's layers, as torchinfo prints it: shapes, parameters, multiply-adds, memory. */
import {
  ArgumentError,
  checkOptions,
  type DType,
  describe,
  dtypes,
  forkRng,
  formatShape,
  type HookHandle,
  type Interpreter,
  interpreters,
  isFloat,
  isTensor,
  type Operand,
  type OpSpec,
  type Outputs,
  type Shape,
  TenfoldError,
  type Tensor,
  withLayer,
  withoutGrad,
  zeros,
} from '@tenfold/tensor-core';
import { Module } from './module.ts';
import type { Parameter } from './parameter.ts';

/** What a model is given: the shape of its input, those of several, or the arguments of `forward` themselves. */
export type SummaryInput = readonly number[] | readonly (readonly number[])[] | Tensor | readonly Tensor[];

/** Options of {@link summary}. */
export interface SummaryOptions {
  /** The dtype of inputs that are given as shapes, one for all or one each: `'int64'` for what an embedding takes. Default: that of the parameters. */
  dtype?: DType | readonly DType[];
  /** Their device. Default: that of the parameters. */
  device?: string;
  /** How deep the printed table goes; what lies below counts for the module above. Default 3. */
  depth?: number;
  /** The mode that the model runs in. It is put back afterwards. Default `'eval'`. */
  mode?: 'eval' | 'train';
}

/** One call of a module. */
export interface SummaryRow {
  /** The dotted name of the module in the model; `''` of the model itself. */
  readonly name: string;
  /** Its class: `'Linear'`. */
  readonly type: string;
  /** How many modules are around the call. */
  readonly depth: number;
  /** The shapes of the tensors that it gave. */
  readonly outputShapes: readonly Shape[];
  /** Parameters that belong to it and to no module below that is called, too. 0 if it was called before. */
  readonly parameters: number;
  /** Those of them that are trained. */
  readonly trainable: number;
  /** Multiplications with additions by products of matrices and convolutions in it, but not in a module that it calls. */
  readonly multiplyAdds: number;
  /** The bytes of what it gave. */
  readonly outputBytes: number;
  /** Whether it called no other module. */
  readonly isLeaf: boolean;
  /** Whether it was called before. */
  readonly isRepeated: boolean;
}

const count = (tensors: readonly { numel(): number }[]): number => tensors.reduce((sum, x) => sum + x.numel(), 0);
const bytesOf = (tensors: readonly Tensor[]): number =>
  tensors.reduce((sum, x) => sum + x.numel() * dtypes[x.dtype].itemsize, 0);
const sizeOf = (shape: Shape): number => shape.reduce((n, size) => n * size, 1);
const total = (rows: readonly SummaryRow[], value: (row: SummaryRow) => number): number =>
  rows.reduce((sum, row) => sum + value(row), 0);

/** What {@link summary} found. `console.log` prints it as a table. */
export class ModelSummary {
  /** The calls of modules, in their order. */
  readonly rows: readonly SummaryRow[];
  /** All parameters of the model, those too that `forward` did not meet. */
  readonly totalParameters: number;
  readonly trainableParameters: number;
  /** Of all rows. Sums of a bias are not counted. */
  readonly multiplyAdds: number;
  /** Bytes of the inputs. */
  readonly inputBytes: number;
  /** Bytes of what the innermost modules gave. */
  readonly forwardBytes: number;
  /** Twice as many: the gradients of a backward pass are as large. */
  readonly forwardBackwardBytes: number;
  /** Bytes of all parameters. */
  readonly parameterBytes: number;
  readonly #depth: number;

  /** @internal */
  constructor(rows: readonly SummaryRow[], parameters: readonly Parameter[], inputs: readonly Tensor[], depth: number) {
    this.rows = rows;
    this.totalParameters = count(parameters);
    this.trainableParameters = count(parameters.filter(({ requiresGrad }) => requiresGrad));
    this.multiplyAdds = total(rows, (row) => row.multiplyAdds);
    this.inputBytes = bytesOf(inputs);
    this.forwardBytes = total(rows, (row) => (row.isLeaf ? row.outputBytes : 0));
    this.forwardBackwardBytes = 2 * this.forwardBytes;
    this.parameterBytes = bytesOf(parameters);
    this.#depth = depth;
  }

  /** Parameters that are not trained. */
  get nonTrainableParameters(): number {
    return this.totalParameters - this.trainableParameters;
  }

  /** Bytes of inputs, of a forward and a backward pass, and of parameters. */
  get totalBytes(): number {
    return this.inputBytes + this.forwardBackwardBytes + this.parameterBytes;
  }

  /** The table. */
  toString(): string {
    const header = ['Layer (type:depth-idx)', 'Output Shape', 'Param #', 'Trainable', 'Mult-Adds'];
    const table = [header, ...this.#lines()];
    const widths = header.map((_, i) => Math.max(...table.map((line) => line[i].length)));
    const width = widths.reduce((sum, each) => sum + each, 0) + 3 * (widths.length - 1);
    const lines = table.map((line) =>
      line
        .map((cell, i) => cell.padEnd(widths[i]))
        .join('   ')
        .trimEnd(),
    );
    const rule = '='.repeat(width);
    const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(2);
    return [
      rule,
      lines[0],
      rule,
      ...lines.slice(1),
      rule,
      `Total params: ${grouped(this.totalParameters)}`,
      `Trainable params: ${grouped(this.trainableParameters)}`,
      `Non-trainable params: ${grouped(this.nonTrainableParameters)}`,
      `Total mult-adds: ${grouped(this.multiplyAdds)}`,
      rule,
      `Input size (MB): ${megabytes(this.inputBytes)}`,
      `Forward/backward pass size (MB): ${megabytes(this.forwardBackwardBytes)}`,
      `Params size (MB): ${megabytes(this.parameterBytes)}`,
      `Estimated total size (MB): ${megabytes(this.totalBytes)}`,
      rule,
    ].join('\n');
  }

  /** The cells of each row down to the depth. */
  #lines(): string[][] {
    const { rows } = this;
    const numbers: number[] = [];
    return rows.flatMap((row, i) => {
      if (row.depth > this.#depth) return [];
      numbers[row.depth] = (numbers[row.depth] ?? 0) + 1;
      // what is not printed counts for what it belongs to
      const end = row.depth < this.#depth ? i + 1 : rows.findIndex((each, k) => k > i && each.depth <= row.depth);
      const own = rows.slice(i, end === -1 ? undefined : end);
      const parameters = total(own, (each) => each.parameters);
      const trainable = total(own, (each) => each.trainable);
      const multiplyAdds = total(own, (each) => each.multiplyAdds);
      const label = row.depth === 0 ? row.type : `${row.type}: ${row.depth}-${numbers[row.depth]}`;
      return [
        [
          `${branches(rows, i, this.#depth)}${label}`,
          row.outputShapes.map(formatShape).join(', ') || '--',
          row.isRepeated ? '(recursive)' : parameters > 0 ? grouped(parameters) : '--',
          parameters === 0 ? '--' : trainable === parameters ? 'True' : trainable === 0 ? 'False' : 'Partial',
          multiplyAdds > 0 ? grouped(multiplyAdds) : '--',
        ],
      ];
    });
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}

/** 1234567 as `1,234,567`. */
const grouped = (value: number): string => String(value).replace(/\B(?=(\d{3})+$)/g, ',');

/** The lines of the tree before a row: `│    └─`. */
function branches(rows: readonly SummaryRow[], i: number, deepest: number): string {
  const { depth } = rows[i];
  let text = '';
  for (let level = 1; level <= depth; level++) {
    // whether one more comes at this level before the tree goes back above it
    const next = rows.slice(i + 1).find((row) => row.depth <= level && row.depth <= deepest);
    const goesOn = next?.depth === level;
    text += level === depth ? (goesOn ? '├─' : '└─') : goesOn ? '│    ' : '     ';
  }
  return text;
}

/** Multiplications with additions of an op of these inputs and outputs, for those that do any. Other ops are made of these, or do none. */
const products: { readonly [op: string]: (inputs: readonly Tensor[], out: Tensor) => number } = {
  matmul: ([a], out) => out.numel() * (a.shape.at(-1) as number),
  mm: ([a], out) => out.numel() * a.shape[1],
  bmm: ([a], out) => out.numel() * a.shape[2],
  mv: ([a], out) => out.numel() * a.shape[1],
  dot: ([a]) => a.numel(),
  addmm: ([, a], out) => out.numel() * a.shape[1],
  baddbmm: ([, a], out) => out.numel() * a.shape[2],
  // each output channel sums over a window of the input channels of its group
  convolution: ([, w], out) => out.numel() * sizeOf(w.shape.slice(1)),
  // each input element goes into a window of the output channels of its group
  convolutionTranspose: ([g, w]) => g.numel() * sizeOf(w.shape.slice(1)),
  // scores, and the sum of values that they weigh
  scaledDotProductAttention: ([q, k, v], out) =>
    sizeOf(out.shape.slice(0, -1)) *
    (k.shape.at(-2) as number) *
    ((q.shape.at(-1) as number) + (v.shape.at(-1) as number)),
};

function productsOf(spec: OpSpec, inputs: readonly Operand[], attrs: object | null, outputs: Outputs): number {
  const out = isTensor(outputs) ? outputs : outputs[0];
  if (spec.name === 'contract') {
    const { batch, m, k } = attrs as { batch: number; m: number; k: number };
    return out.numel() * sizeOf((inputs[0] as Tensor).shape.slice(batch + m, batch + m + k));
  }
  return Object.hasOwn(products, spec.name) ? products[spec.name](inputs as readonly Tensor[], out) : 0;
}

/** Counts what runs, by kernel or override; what runs as a body is counted by the ops in it. */
class Counter implements Interpreter {
  /** Called with what an op does. */
  readonly #add: (multiplyAdds: number) => void;
  /** Bodies entered so far. */
  #entered = 0;

  constructor(add: (multiplyAdds: number) => void) {
    this.#add = add;
  }

  process(spec: OpSpec, inputs: readonly Operand[], attrs: object | null, next: () => Outputs): Outputs {
    const before = this.#entered;
    const outputs = next();
    if (this.#entered === before) this.#add(productsOf(spec, inputs, attrs, outputs));
    return outputs;
  }

  enter(): void {
    this.#entered++;
  }
}

/** The tensors in what a module gave, in order. */
function tensorsIn(value: unknown): Tensor[] {
  if (isTensor(value)) return [value];
  if (Array.isArray(value)) return value.flatMap(tensorsIn);
  if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype)
    return Object.values(value).flatMap(tensorsIn);
  return [];
}

function argumentsOf(model: Module, input: SummaryInput, options: SummaryOptions): Tensor[] {
  if (isTensor(input)) return [input];
  const given: unknown = input;
  if (!Array.isArray(given))
    throw new ArgumentError(`summary: expected a shape such as [1, 3, 224, 224] or tensors, got ${describe(given)}`);
  const list: readonly unknown[] = given;
  if (list.length > 0 && list.every(isTensor)) return list as Tensor[];
  const first = model.parameters().find(({ dtype }) => isFloat(dtype));
  const device = options.device ?? first?.device;
  const shapes = list.some(Array.isArray) ? list : [list];
  return shapes.map((shape, i) => {
    if (!Array.isArray(shape) || !shape.every((size) => Number.isInteger(size) && size >= 0))
      throw new ArgumentError(`summary: input ${i} must be a shape such as [1, 3, 224, 224], got ${describe(shape)}`);
    const dtype = Array.isArray(options.dtype) ? options.dtype[i] : options.dtype;
    return zeros(shape, { dtype: dtype ?? first?.dtype, device });
  });
}

interface Frame {
  readonly module: Module;
  readonly row: { -readonly [K in keyof SummaryRow]: SummaryRow[K] };
}

/**
 * Runs a model once, on zeros if only shapes are given, without gradients and in evaluation mode, and says what each module in it gives, has and does
 * (in the manner of https://github.com/TylerYep/torchinfo). Multiply-adds are those of the products and convolutions that ran, whatever made them.
 *
 * @param input the shape of the input with its batch dim, a list of shapes, or tensors.
 * @throws ArgumentError for what is no model, shape or option; TenfoldError that names the module in which `forward` failed.
 * @example
 * console.log(summary(model, [64, 1, 28, 28]));
 */
export function summary(model: Module, input: SummaryInput, options: SummaryOptions = {}): ModelSummary {
  if (!(model instanceof Module)) throw new ArgumentError(`summary: expected a module, got ${describe(model)}`);
  checkOptions('summary', options, ['dtype', 'device', 'depth', 'mode']);
  const { depth = 3, mode = 'eval' } = options;
  if (!Number.isInteger(depth) || depth < 0)
    throw new ArgumentError(`summary: depth must be an integer from 0, got ${describe(depth)}`);
  if (mode !== 'eval' && mode !== 'train')
    throw new ArgumentError(`summary: mode must be 'eval' or 'train', got ${describe(mode)}`);

  const inputs = argumentsOf(model, input, options);
  const frames: Frame[] = [];
  const open: Frame[] = [];
  const called = new Set<Module>();
  const modules = model.namedModules();
  const modes = modules.map(([, module]) => module.training);
  const handles: HookHandle[] = modules.map(([name, module]) =>
    module.registerForwardWrapper((_module, args, next) => {
      const row = {
        name,
        type: module.constructor.name,
        depth: open.length,
        outputShapes: [] as Shape[],
        parameters: 0,
        trainable: 0,
        multiplyAdds: 0,
        outputBytes: 0,
        isLeaf: true,
        isRepeated: called.has(module),
      };
      called.add(module);
      const outer = open.at(-1);
      if (outer) outer.row.isLeaf = false;
      const frame = { module, row };
      frames.push(frame);
      open.push(frame);
      // a module that throws stays open, and is named
      const output = next(...args);
      open.pop();
      const tensors = tensorsIn(output);
      row.outputShapes = tensors.map(({ shape }) => [...shape]);
      row.outputBytes = bytesOf(tensors);
      return output;
    }),
  );
  const counter = new Counter((multiplyAdds) => {
    const frame = open.at(-1);
    if (frame) frame.row.multiplyAdds += multiplyAdds;
  });
  try {
    model.train(mode === 'train');
    const run: (...args: readonly Tensor[]) => unknown = model.forward.bind(model) as never;
    withLayer(interpreters, counter, () => withoutGrad(() => forkRng(() => run(...inputs))));
  } catch (error) {
    const at = open.at(-1)?.row;
    const where = at ? `${at.name || 'the model'} (${at.type})` : 'the model';
    throw new TenfoldError(
      `summary: forward failed in ${where}: ${error instanceof Error ? error.message : String(error)}`,
      'SUMMARY',
      { cause: error },
    );
  } finally {
    for (const handle of handles) handle.remove();
    for (const [i, [, module]] of modules.entries()) module.training = modes[i];
  }
  for (const { module, row } of frames) {
    if (row.isRepeated) continue;
    const own = parametersOf(module, called);
    row.parameters = count(own);
    row.trainable = count(own.filter(({ requiresGrad }) => requiresGrad));
  }
  return new ModelSummary(
    frames.map(({ row }) => row),
    model.parameters(),
    inputs,
    depth,
  );
}

/** The parameters of a module, and of those below that are not called themselves. */
function parametersOf(module: Module, called: ReadonlySet<Module>): Parameter[] {
  const found = new Set<Parameter>();
  const seen = new Set<Module>();
  const visit = (each: Module): void => {
    if (seen.has(each)) return;
    seen.add(each);
    for (const [, parameter] of each.ownParameters()) found.add(parameter);
    for (const child of each.children()) if (!called.has(child)) visit(child);
  };
  visit(module);
  return [...found];
}
