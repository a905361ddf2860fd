/** Options of an export, checked and completed. */

import type { PassName, PassReport } from '@tenfold/onnx-model';
import { checkOptions, describe, OnnxExportError, type Tensor } from '@tenfold/tensor-core';
import type { ExternalDataOptions } from './external.ts';
import type { CustomOps } from './lower.ts';
import { readPasses } from './passes.ts';
import { type Arguments, type Names, namesByPath, namesOf, type Path } from './structure.ts';
import { readSymbols, type SymbolRow } from './symbols/rows.ts';
import type { OnnxSymbol } from './symbols/symbol.ts';

/** Names of the dynamic axes of a value: `{ 0: 'batch' }`, or the axes alone: `[0]`. */
export type AxisNames = Readonly<Record<number, string>> | readonly number[];

/** The mode in which a model is traced. */
export type TrainingMode = 'eval' | 'training' | 'preserve';

/** Options of {@link toOnnx}. */
export interface ToOnnxOptions {
  /**
   * Names of the inputs: of all tensors in order, or by path (`{ '0': 'ids', '1.past.0': 'key' }`; what comes before the first key may be left out).
   * Default: what has a key is called by it (`attnMask`, `past_0`), a lone tensor `x`, others by their number (`x_0`).
   */
  inputNames?: Names;
  /** Names of the outputs, likewise (`{ logits: 'scores' }`). Default: by key, or `y`, `y_0`, …; with `_out` behind where an input has the name. */
  outputNames?: Names;
  /** The version of ONNX's operator set, 11 to 23. Default 18. */
  opsetVersion?: number;
  /** Axes whose size may differ from run to run, by the name of the input; names of outputs are allowed and only name their axes. */
  dynamicAxes?: Readonly<Record<string, AxisNames>>;
  /** Prints the model as text, or hands the text to a function; `'passes'` also prints what each pass changed. Default false. */
  verbose?: boolean | 'passes' | ((text: string) => void);
  /**
   * The passes that clean the graph: all that change no result (default), those that are named (see `PassName` of `@tenfold/onnx-model`), or none (`false`).
   * A model that is exported for training keeps its parameters as they are.
   */
  passes?: boolean | readonly PassName[];
  /** Folds BatchNormalization into the convolution or linear layer before it. Results change by rounding. Default false. */
  foldBatchNorm?: boolean;
  /**
   * Says in `metadata_props` of each node where it comes from: `tenfold.scope` (the module's path), `tenfold.module` (classes), `tenfold.op` and
   * `tenfold.source` (the line of TypeScript, relative to the working directory). Default true.
   */
  metadata?: boolean;
  /** Is told of each pass that changed something, with the model before and after it. */
  log?: (report: PassReport) => void;
  /**
   * What custom Functions with a `symbolic` become: their own node with a function body traced from forward (any runtime of IR 8 or later runs it), the
   * node alone, or the ops of forward in place. Default `'function'`.
   */
  customOps?: CustomOps;
  /** Versions of the operator sets of custom ops: `{ 'my.domain': 2 }`. Default 1. */
  customOpsets?: Readonly<Record<string, number>>;
  /** Other symbols for this export alone: rows of `symbolRow(builtinOps.gelu, (g) => …)`, or a Map from ops to symbols. */
  symbols?: Iterable<SymbolRow>;
  /**
   * The mode in which the model is traced, as `torch.onnx.TrainingMode`: `'eval'`, `'training'`, or `'preserve'` for that in which each module is. Outside of
   * eval, dropout is ONNX's Dropout in training mode (opset 12), and the state that forward changes (running statistics) comes back as additional outputs
   * `<state name>_out`. Default `'eval'`.
   */
  training?: TrainingMode;
  /**
   * `'runtime'` writes ONNX's generators for random ops: every runtime draws other numbers than Tenfold, and others in each run. By default random ops are
   * refused.
   */
  randomOps?: 'refuse' | 'runtime';
  /** Who made the file. Default: Tenfold. */
  producerName?: string;
  /** Default: empty. */
  producerVersion?: string;
  /** A description of the model. */
  docString?: string;
}

/** Options of {@link exportOnnx}. */
export interface ExportOnnxOptions extends ToOnnxOptions {
  /**
   * Puts the data of large parameters into a file beside the model, from which runtimes map them into memory: true, or from how many bytes on and the name
   * of the file. Models of more than 2 GiB are always written so. Default false.
   */
  externalData?: boolean | ExternalDataOptions;
  /**
   * Runs the file in onnxruntime-node (to be installed beside) at several sizes of every dynamic axis and compares with the model here, before the file
   * gets its name. `sizes` are the sizes to try. Default false.
   */
  verify?: boolean | VerifyOptions;
}

/** How an exported model is compared with the model here. */
export interface VerifyOptions {
  /** Sizes of every dynamic axis. Default 1, 7 and 64. */
  sizes?: readonly number[];
  /** The largest difference that passes, relative to 1 + |expected|. Default 1e-12 for float64, 1e-4 for float32, 2e-2 for halves. */
  tolerance?: number;
  /** Milliseconds that onnxruntime may take. Default 300,000. */
  timeout?: number;
}

/** One dynamic axis of an input. */
export interface DynamicAxis {
  readonly input: number;
  readonly axis: number;
  readonly name: string;
}

/** Options with everything filled in. */
export interface Settings {
  readonly inputNames: readonly string[];
  /** As they were given; {@link outputNamesOf} completes them. */
  readonly outputNames: Names | null;
  readonly opset: number;
  readonly axes: readonly DynamicAxis[];
  /** Names of axes of outputs, by the name of the output. */
  readonly outputAxes: Readonly<Record<string, AxisNames>>;
  readonly customOps: CustomOps;
  readonly customOpsets: Readonly<Record<string, number>>;
  readonly symbols: ReadonlyMap<object, OnnxSymbol>;
  readonly training: TrainingMode;
  readonly randomOps: 'refuse' | 'runtime';
  readonly passes: readonly PassName[];
  readonly metadata: boolean;
  readonly producerName: string;
  readonly producerVersion: string;
  readonly docString: string;
}

/** Every option of {@link toOnnx}. */
export const toOnnxOptionNames = [
  'inputNames',
  'outputNames',
  'opsetVersion',
  'dynamicAxes',
  'verbose',
  'passes',
  'foldBatchNorm',
  'log',
  'metadata',
  'customOps',
  'customOpsets',
  'symbols',
  'training',
  'randomOps',
  'producerName',
  'producerVersion',
  'docString',
] as const;

/** Options that are one of a few words. */
const choices: { readonly [option in keyof ToOnnxOptions]?: readonly string[] } = {
  customOps: ['function', 'opaque', 'inline'],
  training: ['eval', 'training', 'preserve'],
  randomOps: ['refuse', 'runtime'],
};

/** Options of one type. */
const kinds: { readonly [option in keyof ToOnnxOptions]?: readonly [is: (x: unknown) => boolean, what: string] } = {
  verbose: [
    (x) => typeof x === 'boolean' || typeof x === 'function' || x === 'passes',
    "true, false, 'passes' or a function of the text",
  ],
  passes: [(x) => typeof x === 'boolean' || Array.isArray(x), 'true, false or an array of names'],
  foldBatchNorm: [(x) => typeof x === 'boolean', 'true or false'],
  log: [(x) => typeof x === 'function', 'a function of reports'],
  producerName: [(x) => typeof x === 'string', 'a string'],
  producerVersion: [(x) => typeof x === 'string', 'a string'],
  docString: [(x) => typeof x === 'string', 'a string'],
  metadata: [(x) => typeof x === 'boolean', 'true or false'],
  dynamicAxes: [isRecord, "a record such as { x: { 0: 'batch' } }"],
  customOpsets: [isRecord, "a record such as { 'my.domain': 2 }"],
};

function isRecord(x: unknown): boolean {
  return typeof x === 'object' && x !== null && !Array.isArray(x);
}

function checkTypes(options: ToOnnxOptions): void {
  for (const [option, words] of Object.entries(choices)) {
    const value = options[option as keyof ToOnnxOptions];
    if (value === undefined || words.includes(value as string)) continue;
    const list = words.map((word) => `'${word}'`);
    throw new OnnxExportError(
      `${option} must be ${list.slice(0, -1).join(', ')} or ${list.at(-1)}, got ${describe(value)}`,
    );
  }
  for (const [option, [is, what]] of Object.entries(kinds)) {
    const value = options[option as keyof ToOnnxOptions];
    if (value !== undefined && !is(value))
      throw new OnnxExportError(`${option} must be ${what}, got ${describe(value)}`);
  }
  for (const [domain, version] of Object.entries(options.customOpsets ?? {})) {
    if (domain === '' || domain === 'onnx' || domain === 'ai.onnx')
      throw new OnnxExportError(
        `customOpsets: '${domain}' is ONNX's own operator set, whose version is opsetVersion; name the domain of your ops`,
      );
    if (!Number.isInteger(version) || version < 1)
      throw new OnnxExportError(
        `customOpsets: the version of '${domain}' must be a positive integer, got ${describe(version)}`,
      );
  }
}

/** Checks options against the example inputs. */
export function readOptions({ tensors, paths }: Arguments, options: ToOnnxOptions): Settings {
  const { opsetVersion = 18, customOps = 'function', metadata = true } = options;
  if (!Number.isInteger(opsetVersion) || opsetVersion < 11 || opsetVersion > 23) {
    throw new OnnxExportError(`opsetVersion must be an integer from 11 to 23, got ${describe(opsetVersion)}`);
  }
  checkTypes(options);
  const inputNames = namesByPath('inputNames', options.inputNames ?? {}, namesOf('x', paths), paths);
  checkNames('inputNames', inputNames, tensors.length, 'inputs');
  const outputNames = options.outputNames ?? null;
  if (Array.isArray(outputNames)) checkNames('outputNames', outputNames, outputNames.length, 'outputs');
  const outputAxes: Record<string, AxisNames> = {};
  const axes: DynamicAxis[] = [];
  for (const [name, list] of Object.entries(options.dynamicAxes ?? {})) {
    const input = inputNames.indexOf(name);
    if (input >= 0) {
      const found = axesOf(name, list, tensors[input].ndim);
      axes.push(...found.map(([axis, axisName]) => ({ input, axis, name: axisName })));
    } else outputAxes[name] = list;
  }
  if (Array.isArray(outputNames)) checkOutputs(inputNames, outputNames, outputAxes);
  checkSizes(tensors, axes, inputNames);
  return {
    inputNames,
    outputNames,
    opset: opsetVersion,
    axes,
    outputAxes,
    customOps,
    customOpsets: options.customOpsets ?? {},
    symbols: readSymbols(options.symbols ?? []),
    training: options.training ?? 'eval',
    randomOps: options.randomOps ?? 'refuse',
    passes: readPasses(options),
    metadata,
    producerName: options.producerName ?? 'tenfold',
    producerVersion: options.producerVersion ?? '',
    docString: options.docString ?? '',
  };
}

/** The names of the outputs, once it is known where they stand in what forward returns. */
export function outputNamesOf(settings: Settings, paths: readonly Path[]): readonly string[] {
  const { inputNames, outputNames, outputAxes } = settings;
  const free = (name: string): string => (inputNames.includes(name) ? free(`${name}_out`) : name);
  const names = namesByPath('outputNames', outputNames ?? {}, namesOf('y', paths).map(free), paths);
  checkNames('outputNames', names, paths.length, 'outputs');
  checkOutputs(inputNames, names, outputAxes);
  return names;
}

function checkOutputs(
  inputNames: readonly string[],
  outputNames: readonly string[],
  outputAxes: Readonly<Record<string, AxisNames>>,
): void {
  const shared = outputNames.find((name) => inputNames.includes(name));
  if (shared !== undefined) throw new OnnxExportError(`'${shared}' names both an input and an output`);
  const unknown = Object.keys(outputAxes).find((name) => !outputNames.includes(name));
  if (unknown !== undefined)
    throw new OnnxExportError(
      `dynamicAxes: '${unknown}' is no input or output; inputs: ${inputNames.join(', ')}; outputs: ${outputNames.join(', ')}`,
    );
}

/** Names must be as many as there are values, and all different. */
export function checkNames(option: string, names: readonly string[], count: number, what: string): void {
  if (!Array.isArray(names)) throw new OnnxExportError(`${option} must be an array of names, got ${describe(names)}`);
  if (names.length !== count)
    throw new OnnxExportError(`${option} has ${names.length} names, but the model has ${count} ${what}`);
  const bad = names.find((name: unknown) => typeof name !== 'string' || name === '');
  if (bad !== undefined) throw new OnnxExportError(`${option}: ${describe(bad)} is no name`);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new OnnxExportError(`${option}: '${twice}' occurs twice`);
}

/** The axes of one entry of `dynamicAxes`, with their names. */
export function axesOf(name: string, list: AxisNames, rank: number): [number, string][] {
  if (typeof list !== 'object' || list === null) {
    throw new OnnxExportError(
      `dynamicAxes: write { ${name}: { 0: 'batch' } } or { ${name}: [0] }, got ${describe(list)}`,
    );
  }
  const entries: [number, unknown][] = Array.isArray(list)
    ? list.map((axis: number) => [axis, `${name.replace(/\W/g, '_')}_dynamic_axes_${axis < 0 ? axis + rank : axis}`])
    : Object.entries(list).map(([axis, axisName]) => [Number(axis), axisName]);
  const seen = new Set<number>();
  return entries.map(([axis, axisName]) => {
    if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
      throw new OnnxExportError(`dynamicAxes: '${name}' has ${rank} dims, there is no axis ${axis}`);
    }
    const d = axis < 0 ? axis + rank : axis;
    if (seen.has(d)) throw new OnnxExportError(`dynamicAxes: axis ${d} of '${name}' occurs twice`);
    seen.add(d);
    if (typeof axisName !== 'string' || !/^[A-Za-z_]\w*$/.test(axisName)) {
      throw new OnnxExportError(`dynamicAxes: ${describe(axisName)} is no name of an axis; use letters, digits and _`);
    }
    return [d, axisName];
  });
}

/** Axes of one name must have one size in the example. */
function checkSizes(inputs: readonly Tensor[], axes: readonly DynamicAxis[], inputNames: readonly string[]): void {
  for (const { input, axis, name } of axes) {
    const first = axes.find((other) => other.name === name) ?? axes[0];
    const [a, b] = [inputs[first.input].shape[first.axis], inputs[input].shape[axis]];
    if (a !== b) {
      throw new OnnxExportError(
        `dynamicAxes: '${name}' is ${a} in axis ${first.axis} of '${inputNames[first.input]}' but ${b} in axis ${axis} of '${inputNames[input]}'; axes of one name have one size`,
      );
    }
  }
}

/** Throws on keys that are no options. */
export function checkKeys(where: string, options: object | undefined, known: readonly string[]): void {
  try {
    checkOptions(where, options, known);
  } catch (error) {
    throw new OnnxExportError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
