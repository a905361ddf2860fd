/** Kernels that run a program: which one, and what it is given. Shared by the families that evaluate programs. */
import { BackendError, type Program } from '@tenfold/tensor-core';
import type { Compiler } from './compiler.ts';
import { attempt, type Call, type Cuda } from './cuda.ts';
import type { Buffer, View } from './elements.ts';
import { zeroDivision } from './faults.ts';
import type { Kernel } from './kernel-library.ts';
import { type Encoded, loadWords, maxParams, wordsPerLoad } from './program.ts';

/** The interpreter serves elements so few that compiling would take longer than ever computing them. */
const compileFrom = 2 ** 16;

/** Programs as the device has them: compiled, or as instructions for the interpreter. */
export class Programs {
  readonly #cuda: Cuda;
  readonly #compiler: Compiler | null;
  readonly #compileFrom: number;
  readonly #code = new Map<string, Buffer>();
  readonly #compiled = { map: new Map<string, Kernel>(), reduce: new Map<string, Kernel>() };

  constructor(cuda: Cuda, compiler: Compiler | null, from = compileFrom) {
    this.#cuda = cuda;
    this.#compiler = compiler;
    this.#compileFrom = from;
  }

  /** The instructions of a program in device memory, sent once. */
  codeOf(program: Program, { code }: Encoded): Buffer {
    const known = this.#code.get(program.key);
    if (known) return known;
    const buffer = this.#cuda.constant('int64', code);
    this.#code.set(program.key, buffer);
    return buffer;
  }

  /**
   * A kernel compiled for a program over `count` elements, or `null` if it is to be interpreted. Once compiled, a program stays so: both give the same bits.
   * `kind` tells kernels of one program apart.
   */
  compiled(
    kind: 'map' | 'reduce',
    program: Program,
    count: number,
    render: (program: Program, name: string) => string,
  ): Kernel | null {
    const compiler = this.#compiler;
    if (!compiler) return null;
    const { key } = program;
    const known = this.#compiled[kind].get(key);
    if (known) return known;
    if (count < this.#compileFrom) return null;
    const kernel = attempt(() => compiler.kernel(`${kind} ${key}`, 256, (name) => render(program, name)));
    this.#compiled[kind].set(key, kernel);
    return kernel;
  }
}

/** Writes an `Operands<capacity>`: `views` are the outputs, then the inputs, at their offsets; `code` is the interpreter's. */
export function writeOperands(
  call: Call,
  cuda: Cuda,
  capacity: number,
  views: readonly View[],
  offsets: readonly number[],
  program: Program,
  params: readonly number[],
  encoded: Encoded,
  code: Buffer | null,
): Call {
  views.forEach((view, o) => call.view(view, offsets[o]));
  call.skip(8 * (capacity - views.length));
  if (code) call.pointer(code);
  else call.none();
  call
    .faults()
    .int(encoded.divides ? cuda.faultCode(zeroDivision) : 0)
    .int(encoded.code.length);
  if (params.length > maxParams)
    throw new BackendError(`cuda: a program has ${params.length} parameters, at most ${maxParams}`);
  params.forEach((value, k) => call.register(value, program.params[k]));
  return call.skip(8 * (maxParams - params.length));
}

/** Writes the geometry of the inputs that are loaded from: rank, sizes and strides of each. */
export function writeLoads(call: Call, { loaded }: Encoded, ins: readonly View[]): Call {
  for (const i of loaded) {
    const { shape, strides } = ins[i];
    if (1 + 2 * shape.length > wordsPerLoad)
      throw new BackendError(
        `cuda: elements of a tensor of ${shape.length} dims are read at computed places, at most ${(wordsPerLoad - 1) / 2}`,
      );
    call.long(shape.length);
    for (const size of shape) call.long(size);
    for (const stride of strides) call.long(stride);
    call.skip(8 * (wordsPerLoad - 1 - 2 * shape.length));
  }
  return call.skip(8 * (loadWords - loaded.length * wordsPerLoad));
}
