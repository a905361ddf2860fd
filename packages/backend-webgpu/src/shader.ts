/** What shaders have in common: bindings of storage buffers, uniforms, the grid of workgroups, and operands that lie anywhere in a buffer. */
import type { DType, Program, TensorView } from '@tenfold/tensor-core';
import { elementType } from './elements.ts';
import type { Access, Buffer } from './gpu.ts';
import { preludeOf } from './math.ts';
import { fromStored } from './render.ts';

/** Invocations per workgroup of kernels that go element by element. */
export const workgroup = 64;
/** Elements that one invocation handles. */
export const perInvocation = 4;
/** What `maxComputeWorkgroupsPerDimension` is at least. */
export const maxGroups = 65535;

/** An operand of a kernel as a tensor. */
export type View = TensorView<Buffer>;

/** The buffers of a dispatch: each bound once, for writing if any operand writes it (WebGPU takes no buffer twice in one dispatch if it is written). */
export interface Bindings {
  readonly buffers: readonly Buffer[];
  readonly access: readonly Access[];
  readonly types: readonly DType[];
  /** The binding of each operand: outputs first, then inputs. */
  readonly slots: readonly number[];
  /** Tells kernels with other bindings apart. */
  readonly key: string;
}

/** Binds the buffers of `outs` and `ins`. */
export function bind(outs: readonly View[], ins: readonly View[]): Bindings {
  const buffers: Buffer[] = [];
  const access: Access[] = [];
  const types: DType[] = [];
  const slots: number[] = [];
  let key = '';
  for (let o = 0; o < outs.length + ins.length; o++) {
    const view = o < outs.length ? outs[o] : ins[o - outs.length];
    const { buffer } = view.storage;
    let slot = buffers.indexOf(buffer);
    if (slot < 0) {
      slot = buffers.push(buffer) - 1;
      access.push(o < outs.length ? 'write' : 'read');
      types.push(view.dtype);
      key += `${elementType(view.dtype).stored}${o < outs.length ? 'w' : 'r'}`;
    }
    slots.push(slot);
    key += `${slot}.`;
  }
  return { buffers, access, types, slots, key };
}

/** The declarations of bindings: `b0`, `b1`, …. */
export const declareBindings = ({ access, types }: Pick<Bindings, 'access' | 'types'>, quads = false): string =>
  access
    .map((kind, i) => {
      const { stored } = elementType(types[i]);
      return `@group(0) @binding(${i}) var<storage, ${kind === 'read' ? 'read' : 'read_write'}> b${i}: array<${quads ? `vec4<${stored}>` : stored}>;`;
    })
    .join('\n');

/** The uniforms of every kernel. */
export const declareUniforms = '@group(1) @binding(0) var<uniform> u: array<vec4<u32>, 64>;';

/** Word `i` of the uniforms. */
export const word = (i: number): string => `u[${i >> 2}].${'xyzw'[i & 3]}`;

/** The value of word `i` as a scalar of `dtype`. */
export const wordAs = (i: number, dtype: DType): string => {
  const type = elementType(dtype).value;
  if (type === 'f32') return `bitcast<f32>(${word(i)})`;
  if (type === 'f16') return `f16(bitcast<f32>(${word(i)}))`;
  if (type === 'i32') return `bitcast<i32>(${word(i)})`;
  return type === 'bool' ? `(${word(i)} != 0u)` : word(i);
};

/** A compute shader: declarations, the prelude's functions that it calls, and `main` with `gid` (number of the workgroup) and `lid` (of the invocation in it). */
export function shader(parts: {
  readonly bindings: Pick<Bindings, 'access' | 'types'>;
  /** The elements of buffers come four at a time. */
  readonly quads?: boolean;
  readonly functions?: Iterable<string>;
  readonly declarations?: string;
  readonly invocations?: number;
  readonly body: string;
}): string {
  const { bindings, functions = [], declarations = '', invocations = workgroup, body } = parts;
  const code = `${declareBindings(bindings, parts.quads)}
${declareUniforms}
${preludeOf(functions)}
${declarations}
@compute @workgroup_size(${invocations})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lid: u32) {
  let gid = group.y * groups.x + group.x;
${body}
}
`;
  return /\bf16\b/.test(code) ? `enable f16;\n${code}` : code;
}

/** A grid of at least `groups` workgroups: the second dim takes what the first can't. A kernel asks `gid` and leaves if it is beyond its work. */
export function grid(groups: number): [number, number] {
  if (groups <= maxGroups) return [groups, 1];
  const y = Math.ceil(groups / maxGroups);
  return [Math.ceil(groups / y), y];
}

/** Reading an element of an operand, as a value. */
export const read = (slot: number, dtype: DType, index: string): string => fromStored(dtype, `b${slot}[${index}]`);

/** The values of a program's parameters, written from word `at` on; gives the word behind them. */
export function writeParams(
  target: { readonly words: Uint32Array; readonly integers: Int32Array; readonly floats: Float32Array },
  at: number,
  program: Program,
  params: readonly number[],
): number {
  program.params.forEach((dtype, i) => {
    const type = elementType(dtype).value;
    if (type === 'f32' || type === 'f16') target.floats[at + i] = params[i];
    else if (type === 'i32') target.integers[at + i] = params[i];
    else target.words[at + i] = type === 'bool' ? Number(params[i] !== 0) : params[i];
  });
  return at + program.params.length;
}
