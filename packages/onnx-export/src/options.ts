/** Options of an export, checked and completed. */
import { checkOptions, describe, OnnxExportError, type Tensor } from '@tenfold/tensor-core';
import type { ExternalDataOptions } from './external.ts';
import type { CustomOps } from './lower.ts';

/** Names of the dynamic axes of a value: `{ 0: 'batch' }`, or the axes alone: `[0]`. */
export type AxisNames = Readonly<Record<number, string>> | readonly number[];

/** Options of {@link toOnnx}. */
export interface ToOnnxOptions {
  /** Names of the inputs, in order. Default: `x` for one, `x_0`, `x_1`, … for more. */
  inputNames?: readonly string[];
  /** Names of the outputs, in order. Default: `y` for one, `y_0`, … for more. */
  outputNames?: readonly string[];
  /** The version of ONNX's operator set, 11 to 23. Default 18. */
  opsetVersion?: number;
  /** Axes whose size may differ from run to run, by the name of the input; names of outputs are allowed and only name their axes. */
  dynamicAxes?: Readonly<Record<string, AxisNames>>;
  /** Prints the model as text, or hands the text to a function. Default false. */
  verbose?: boolean | ((text: string) => void);
  /**
   * What custom Functions with a `symbolic` become: their own node with a function body traced from forward (any runtime of IR 8 or later runs it), the
   * node alone, or the ops of forward in place. Default `'function'`.
   */
  customOps?: CustomOps;
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
  /** `null` until the number of outputs is known. */
  readonly outputNames: readonly string[] | null;
  readonly opset: number;
  readonly axes: readonly DynamicAxis[];
  /** Names of axes of outputs, by the name of the output. */
  readonly outputAxes: Readonly<Record<string, AxisNames>>;
  readonly customOps: CustomOps;
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
  'customOps',
  'producerName',
  'producerVersion',
  'docString',
] as const;

const customOpsChoices: readonly unknown[] = ['function', 'opaque', 'inline'];

/** Checks options against the example inputs. */
export function readOptions(inputs: readonly Tensor[], options: ToOnnxOptions): Settings {
  const { opsetVersion = 18, customOps = 'function' } = options;
  if (!Number.isInteger(opsetVersion) || opsetVersion < 11 || opsetVersion > 23) {
    throw new OnnxExportError(`opsetVersion must be an integer from 11 to 23, got ${describe(opsetVersion)}`);
  }
  if (!customOpsChoices.includes(customOps)) {
    throw new OnnxExportError(`customOps must be 'function', 'opaque' or 'inline', got ${describe(customOps)}`);
  }
  const inputNames = options.inputNames ?? defaultNames('x', inputs.length);
  checkNames('inputNames', inputNames, inputs.length, 'inputs');
  const outputNames = options.outputNames ?? null;
  if (outputNames) checkNames('outputNames', outputNames, outputNames.length, 'outputs');
  const shared = outputNames?.find((name) => inputNames.includes(name));
  if (shared !== undefined) throw new OnnxExportError(`'${shared}' names both an input and an output`);
  const outputAxes: Record<string, AxisNames> = {};
  const axes: DynamicAxis[] = [];
  for (const [name, list] of Object.entries(options.dynamicAxes ?? {})) {
    const input = inputNames.indexOf(name);
    if (input >= 0)
      axes.push(...axesOf(name, list, inputs[input].ndim).map(([axis, axisName]) => ({ input, axis, name: axisName })));
    else if (outputNames?.includes(name) || (outputNames === null && /^y(_\d+)?$/.test(name))) outputAxes[name] = list;
    else {
      throw new OnnxExportError(
        `dynamicAxes: '${name}' is no input or output; inputs: ${inputNames.join(', ')}; outputs: ${outputNames?.join(', ') ?? 'y'}`,
      );
    }
  }
  checkSizes(inputs, axes, inputNames);
  return {
    inputNames,
    outputNames,
    opset: opsetVersion,
    axes,
    outputAxes,
    customOps,
    producerName: options.producerName ?? 'tenfold',
    producerVersion: options.producerVersion ?? '',
    docString: options.docString ?? '',
  };
}

/** `y`, or `y_0`, `y_1`, …. */
export const defaultNames = (stem: string, count: number): string[] =>
  count === 1 ? [stem] : Array.from({ length: count }, (_, i) => `${stem}_${i}`);

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
    ? list.map((axis: number) => [axis, `${name}_dynamic_axes_${axis}`])
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
  checkOptions(where, options, known);
}
