/**
 * A dispatch in the making. Uniforms are given one after the other, and every one answers with the code that reads it, so that values and code cannot fall
 * apart; the code itself is asked for only if the kernel is not there yet.
 */

import { elementType } from '../elements.ts';
import { declareFaults } from '../faults.ts';
import { type Axis, axesOf, merged } from '../geometry.ts';
import type { Buffer, Fault, Gpu } from '../gpu.ts';
import { preludeOf } from '../math.ts';
import { type Bindings, bind, declareBindings, declareUniforms, grid, type View, word } from '../shader.ts';

/** What an override is given. */
export type Operands = readonly (View | number | null)[];

/** A view of the same buffer with dims of its own. */
export const viewed = (view: View, dims: readonly (readonly [size: number, stride: number])[]): View => ({
  dtype: view.dtype,
  storage: view.storage,
  offset: view.offset,
  shape: dims.map(([size]) => size),
  strides: dims.map(([, stride]) => stride),
});

/** Size and stride of a dim. */
export const dimOf = (view: View, d: number): readonly [number, number] => [view.shape[d], view.strides[d]];

/** Runs of dims that are walked by one number each. */
export interface Walk {
  /** Code of the part of operand `o`'s index that number `i` makes. */
  at(o: number, i: string): string;
  readonly declarations: () => string;
}

export class Call {
  readonly #gpu: Gpu;
  readonly #bindings: Bindings;
  readonly #outs: number;
  readonly #views: readonly View[];
  readonly #fours: ReadonlySet<number>;
  readonly #declarations: (() => string)[] = [];
  #key: string;
  #at = 0;
  #fault = false;
  /** Bindings whose arrays {@link byFours} made arrays of vectors. */
  #vectors: ReadonlySet<number> = new Set();

  /** Of the operands in `fours`, four elements in a row are one of their array; they share no buffer with the others. */
  constructor(
    gpu: Gpu,
    name: string,
    outs: readonly View[],
    ins: readonly View[],
    fours: ReadonlySet<number> = new Set(),
  ) {
    this.#gpu = gpu;
    this.#bindings = bind(outs, ins);
    this.#outs = outs.length;
    this.#views = [...outs, ...ins];
    this.#fours = fours;
    this.#key = `${name}|${[...fours]}|${this.#bindings.key}|${this.#views.map(({ dtype }) => dtype[0]).join('')}`;
  }

  /** A variant of the code that neither name nor bindings tell. */
  variant(key: string | number): void {
    this.#key += `|${key}`;
  }

  /** Makes {@link four} read and write vectors of four of these operands, whose buffers no others may have. */
  byFours(operands: readonly number[]): void {
    const { slots } = this.#bindings;
    this.#vectors = new Set(operands.map((o) => slots[o]));
    this.variant(`fours ${[...this.#vectors]}`);
  }

  /** Code of elements `4 · index` … `4 · index + 3` of operand `o`. */
  four(o: number, index: string): string {
    return `b${this.#bindings.slots[o]}[${index}]`;
  }

  uint(value: number): string {
    this.#gpu.words[this.#at] = value;
    return word(this.#at++);
  }

  int(value: number): string {
    this.#gpu.integers[this.#at] = value;
    return `bitcast<i32>(${word(this.#at++)})`;
  }

  float(value: number): string {
    this.#gpu.floats[this.#at] = value;
    return `bitcast<f32>(${word(this.#at++)})`;
  }

  /** Code that reports `value` (an i32) as the fault of this call. */
  faults(fault: Fault): (value: string) => string {
    const code = this.uint(this.#gpu.faultCode(fault));
    this.#fault = true;
    this.#declarations.push(() => declareFaults(this.#bindings.buffers.length));
    return (value) => `fault(${code}, ${value});`;
  }

  /**
   * Walks dims `from` to `to` of the operands, which have one shape there. `origin` says whether offsets are counted in; `four` whether the number
   * counts elements of the last dim by fours.
   */
  walk(name: string, from: number, to: number, origin: boolean, four = false): (o: number, i: string) => string {
    const operands = this.#views.map(({ shape, strides }) => ({
      shape: shape.slice(from, to),
      strides: strides.slice(from, to),
    }));
    const axes = this.#counted(merged(axesOf(operands)), four);
    this.variant(`${name}${axes.length}`);
    const sizes = axes.slice(1).map(({ size }) => this.uint(size));
    const indices = this.#views.map(({ offset }, o) => this.#place(axes, o, origin ? offset / this.#unit(o) : null));
    this.#declarations.push(() =>
      indices.map((terms, o) => `fn ${name}${o}(i: u32) -> u32 { ${position(sizes)} return ${terms}; }`).join('\n'),
    );
    return (o, i) => `${name}${o}(${i})`;
  }

  /** Elements that are one of operand `o`'s array. */
  #unit(o: number): number {
    return this.#fours.has(o) ? 4 : 1;
  }

  /** Steps along `axes` in what operands' arrays hold; a step of the last one goes over four elements if `four`. */
  #counted(axes: readonly Axis[], four: boolean): Axis[] {
    return axes.map(({ size, strides }, d) => {
      const step = four && d === axes.length - 1 ? 4 : 1;
      return { size: size / step, strides: strides.map((stride, o) => (stride * step) / this.#unit(o)) };
    });
  }

  #place(axes: readonly Axis[], o: number, offset: number | null): string {
    const terms = offset === null ? [] : [this.uint(offset)];
    axes.forEach(({ strides }, d) => {
      terms.push(`p${d} * ${this.uint(strides[o])}`);
    });
    return terms.join(' + ') || '0u';
  }

  /** Element `index` of operand `o` as an f32, or as what it is if it is not a float. */
  load(o: number, index: string): string {
    const code = `b${this.#bindings.slots[o]}[${index}]`;
    const { stored, value } = elementType(this.#views[o].dtype);
    if (value === 'bool') return `(${code} != 0u)`;
    return stored === 'f16' ? `f32(${code})` : code;
  }

  /** Statement that stores `value`: of f32 for floats, else of the stored type. */
  store(o: number, index: string, value: string): string {
    const half = elementType(this.#views[o].dtype).stored === 'f16';
    return `b${this.#bindings.slots[o]}[${index}] = ${half ? `f16(${value})` : value};`;
  }

  /** Four elements of operand `o`, which goes by fours, as f32. */
  loadFour(o: number, index: string): string {
    const code = `b${this.#bindings.slots[o]}[${index}]`;
    return elementType(this.#views[o].dtype).stored === 'f16' ? `vec4<f32>(${code})` : code;
  }

  storeFour(o: number, index: string, values: readonly string[]): string {
    const { stored } = elementType(this.#views[o].dtype);
    const cast = stored === 'f16' ? values.map((value) => `f16(${value})`) : values;
    return `b${this.#bindings.slots[o]}[${index}] = vec4<${stored}>(${cast.join(', ')});`;
  }

  /** Whether operand `o` is written. */
  isOut(o: number): boolean {
    return o < this.#outs;
  }

  /** Records the run on `groups` workgroups of `invocations` each. */
  run(
    groups: number,
    invocations: number,
    code: () => {
      readonly body: string;
      readonly uses?: Iterable<string>;
      readonly declarations?: string;
      readonly enable?: 'subgroups';
    },
  ): void {
    const { buffers, access, types } = this.#bindings;
    const kernel = this.#gpu.kernel(`${this.#key}|${invocations}`, this.#fault ? [...access, 'write'] : access, () => {
      const { body, uses = [], declarations = '', enable } = code();
      const vectors = new Set([...[...this.#fours].map((o) => this.#bindings.slots[o]), ...this.#vectors]);
      const features = [...(types.includes('float16') ? ['f16'] : []), ...(enable ? [enable] : [])];
      return `${features
        .map(
          (name) => `enable ${name};
`,
        )
        .join('')}${declareBindings(this.#bindings, vectors)}
${declareUniforms}
${preludeOf(uses)}
${this.#declarations.map((declaration) => declaration()).join('\n')}
${declarations}
@compute @workgroup_size(${invocations})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lid: u32) {
  let gid = group.y * groups.x + group.x;
${body}
}
`;
    });
    const [x, y] = grid(groups);
    const all: readonly Buffer[] = this.#fault ? [...buffers, this.#gpu.faults] : buffers;
    this.#gpu.dispatch(kernel, all, this.#at, x, y);
  }
}

/** Statements that take `i` apart into positions along dims, of which all but the first have `sizes`. */
function position(sizes: readonly string[]): string {
  const lines: string[] = [];
  let rest = 'i';
  for (let d = sizes.length; d > 0; d--) {
    lines.push(`let p${d} = ${rest} % ${sizes[d - 1]}; let r${d} = ${rest} / ${sizes[d - 1]};`);
    rest = `r${d}`;
  }
  return `${lines.join(' ')} let p0 = ${rest};`;
}
