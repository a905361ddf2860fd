/** What of a program decides how its operands are read, and inputs that are read anywhere: shared by the families that evaluate programs. */
import { mayDivideByZero, type Program, topological } from '@tenfold/tensor-core';
import { read, type View, word } from './shader.ts';

/** What of a program decides how its operands are walked over. */
export interface Uses {
  /** It asks for positions, so dims stay as they are. */
  readonly positions: boolean;
  /** Inputs read by `load`, which have shapes of their own. */
  readonly loaded: ReadonlySet<number>;
  /** It divides integers by what may be 0. */
  readonly divides: boolean;
}

const known = new WeakMap<Program, Uses>();

/** How `program` reads its operands. */
export function usesOf(program: Program): Uses {
  const cached = known.get(program);
  if (cached) return cached;
  const nodes = topological(program.outputs);
  const loaded = new Set(nodes.flatMap((node) => (node.kind === 'load' ? [node.index] : [])));
  const uses = { positions: nodes.some(({ kind }) => kind === 'index'), loaded, divides: nodes.some(mayDivideByZero) };
  known.set(program, uses);
  return uses;
}

/** Offsets, sizes and strides of the loaded inputs, written from word `at` on; gives the word behind them. */
export function writeLoaded(
  { words }: { readonly words: Uint32Array },
  at: number,
  loaded: Iterable<number>,
  ins: readonly View[],
): number {
  for (const i of loaded) {
    words[at++] = ins[i].offset;
    for (const size of ins[i].shape) words[at++] = size;
    for (const stride of ins[i].strides) words[at++] = stride;
  }
  return at;
}

/** Code of loads from inputs whose words begin at `at`, and the word behind them. `slots` are the bindings of the inputs. */
export function loadsOf(loaded: Iterable<number>, ins: readonly View[], slots: readonly number[], at: number) {
  const loads = new Map<number, (position: readonly string[], outside: string) => string>();
  for (const i of loaded) {
    const offset = word(at++);
    const sizes = ins[i].shape.map(() => word(at++));
    const strides = ins[i].strides.map(() => word(at++));
    loads.set(i, (position, outside) => {
      // a negative position is a huge unsigned one
      const inside = position.map((p, d) => `bitcast<u32>(${p}) < ${sizes[d]}`).join(' && ') || 'true';
      const index = [offset, ...position.map((p, d) => `bitcast<u32>(${p}) * ${strides[d]}`)].join(' + ');
      // what lies outside is not read: the index stays within the buffer
      const value = read(slots[i], ins[i].dtype, `select(0u, ${index}, ${inside})`);
      return `select(${outside}, ${value}, ${inside})`;
    });
  }
  const load = (i: number, position: readonly string[], outside: string): string =>
    (loads.get(i) as NonNullable<ReturnType<typeof loads.get>>)(position, outside);
  return { load, at };
}
