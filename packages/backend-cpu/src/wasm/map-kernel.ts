/**
 * Kernels of the map family: one for each program and layout, which walks over rows and computes four elements at a time.
 *
 * A kernel reads all it needs from a descriptor in memory, see {@link descriptorOf}.
 */
import { type Expr, operands, type Program, topological } from '@tenfold/tensor-core';
import { doWhile, i32, i32x4, type ModuleBuilder, select, type Value, v128, whileLoop } from './assembler.ts';
import {
  encoded,
  type Group,
  groupSize,
  itemBytes,
  keepGroup,
  laneClass,
  loadDense,
  loadGathered,
  loadSplat,
  storeDense,
  type V,
} from './elements.ts';
import { hasVectorCode } from './math/index.ts';
import {
  advance,
  moveBy,
  type ProgramWords,
  placesOf,
  programWords,
  readProgram,
  storeLanes,
} from './program-kernel.ts';
import { render } from './render.ts';

/** How an operand lies along a row: elements side by side, one for all, or some distance apart. */
export type Layout = 'dense' | 'splat' | 'strided';

/** What a kernel is generated for. */
export interface Variant {
  readonly facts: ProgramFacts;
  /** Of the outputs, then of the inputs in step. */
  readonly layouts: readonly Layout[];
  /** The rank of the iteration space, where the program asks for positions. */
  readonly rank: number;
}

/** What the engine needs to know of a program, found once. */
export interface ProgramFacts {
  readonly program: Program;
  /** Inputs that are read in step with the outputs. */
  readonly stepped: readonly number[];
  /** Inputs that are read at computed positions. */
  readonly loaded: readonly { readonly input: number; readonly rank: number }[];
  readonly usesIndex: boolean;
  /** Whether the plain engine computes the same bits. */
  readonly exact: boolean;
  /** Whether the result is the only input. */
  readonly copies: boolean;
  /** How long the code for an element is, roughly. */
  readonly weight: number;
}

export function factsOf(program: Program): ProgramFacts {
  const nodes = topological(program.outputs);
  const loaded = new Map<number, number>();
  const stepped = new Set<number>();
  for (const node of nodes) {
    if (node.kind === 'load') loaded.set(node.index, node.args.length - 1);
    else if (node.kind === 'input') stepped.add(node.index);
  }
  return {
    program,
    stepped: [...stepped].sort((a, b) => a - b),
    loaded: [...loaded].map(([input, rank]) => ({ input, rank })),
    usesIndex: nodes.some(({ kind }) => kind === 'index'),
    exact: !nodes.some(isApproximate),
    copies: program.outputs.length === 1 && program.outputs[0].kind === 'input' && program.inputs.length === 1,
    weight: nodes.reduce((sum, node) => sum + weightOf(node), 0),
  };
}

/** Whether vector code computes this node otherwise than JavaScript does. */
const isApproximate = (node: Expr): boolean =>
  (node.kind === 'unary' || node.kind === 'binary') && hasVectorCode(node.fn, laneClass[node.dtype]);

function weightOf(node: Expr): number {
  if (node.kind === 'load') return 10;
  if (operands(node).length === 0) return 0;
  return isApproximate(node) ? 20 : 1;
}

/** The words of a descriptor, by position. */
export interface Words extends ProgramWords {
  /** Elements of a row. */
  readonly length: number;
  readonly rows: number;
  /** The position along the last dim at which rows begin. */
  readonly start: number;
}

export const wordsOf = (facts: ProgramFacts): Words => ({
  length: 0,
  rows: 1,
  start: 2,
  ...programWords(facts, facts.program.outputs.length + facts.stepped.length, 3, 2),
});

/** Defines `map(descriptor)`. */
export function defineMap(module: ModuleBuilder, variant: Variant): void {
  const { facts, layouts, rank } = variant;
  const { program, stepped } = facts;
  const words = wordsOf(facts);
  const outputs = program.outputs.length;
  const dtypes = [...program.outputs.map(({ dtype }) => dtype), ...stepped.map((i) => program.inputs[i])];

  module.define({ parameters: ['i32'], result: 'none', name: 'map' }, (fn) => {
    const { descriptor, word, param, loaded } = readProgram(module, fn, facts, words);
    const rowStarts = layouts.map((_, o) => fn.variable(word(words.addresses + o)));
    const steps = layouts.map((layout, o) => (layout === 'strided' ? fn.let(word(words.strides + o)) : null));
    const rows = fn.variable(word(words.rows));
    const [to, from] = [rowStarts.slice(0, outputs), rowStarts.slice(outputs)];
    const inPlace = fn.let(to.flatMap((out) => from.map((x) => i32.eq(out.get, x.get))).reduce(i32.or, i32.const(0)));
    const left = fn.local('i32');
    const position = fn.local('i32');
    const pointers = layouts.map(() => fn.local('i32'));
    const splats: (Group | null)[] = layouts.map(() => null);
    const counters: V[] = [];

    const moving = rowStarts.map((pointer, operand) => ({ pointer, operand }));
    /** Bytes from the first to element `k` of a row. */
    const distance = (o: number, k: number): Value<'i32'> => {
      const step = steps[o];
      return step ? i32.mul(step, i32.const(k)) : i32.const(itemBytes(dtypes[o]) * k);
    };

    /** Four elements of operand `o`, `skipped` groups behind its pointer; at the end of a row fewer: `left` of them. */
    const loadGroup = (o: number, skipped: number, isTail: boolean): Group => {
      const dtype = dtypes[o];
      const splat = splats[o];
      if (splat) return splat;
      if (layouts[o] === 'dense' && !isTail)
        return keepGroup(fn, loadDense(module, dtype, pointers[o].get, skipped * groupSize * itemBytes(dtype)));
      const by = (k: number) => distance(o, skipped * groupSize + k);
      return keepGroup(fn, loadGathered(module, dtype, placesOf(fn, pointers[o].get, by, isTail ? left.get : null)));
    };
    const loadGroups = (skipped: number, isTail: boolean): readonly Group[] =>
      stepped.map((_, k) => loadGroup(outputs + k, skipped, isTail));

    /** Computes the results for what {@link loadGroups} has loaded. */
    const computeGroup = (ins: readonly Group[], skipped: number, isTail: boolean, rare?: (mask: V) => void): void => {
      const values = render(module, fn, program.outputs, {
        input: (i) => ins[stepped.indexOf(i)],
        param,
        index: (dim) =>
          dim === rank - 1
            ? [i32x4.add(i32x4.splat(position.get), fn.constant(lanesFrom(skipped * groupSize)))]
            : [counters[rank - 2 - dim]],
        loaded,
        rare,
      });
      const raw = values.map((group, o) => keepGroup(fn, encoded(module, dtypes[o], group)));
      raw.forEach((group, o) => {
        const dtype = dtypes[o];
        if (layouts[o] === 'dense' && !isTail) {
          fn.emit(...storeDense(dtype, pointers[o].get, group, skipped * groupSize * itemBytes(dtype)));
          return;
        }
        const by = (k: number) => distance(o, skipped * groupSize + k);
        storeLanes(fn, dtype, pointers[o].get, group, by, isTail ? left.get : null);
      });
    };
    const computeGroups = (groups: number, rare?: (mask: V) => void): void => {
      // with all loads before the first store, the compiler mixes the groups, and none waits for another
      const ins = Array.from({ length: groups }, (_, g) => loadGroups(g, false));
      ins.forEach((group, g) => computeGroup(group, g, false, rare));
      pointers.forEach((pointer, o) => {
        if (layouts[o] !== 'splat') fn.emit(moveBy(pointer, distance(o, groups * groupSize)));
      });
      if (facts.usesIndex) fn.emit(moveBy(position, i32.const(groups * groupSize)));
      fn.emit(left.set(i32.sub(left.get, i32.const(groups * groupSize))));
    };
    const whileGroups = (groups: number): void => {
      const round = i32.const(groups * groupSize);
      const special = fn.local('v128');
      let guarded = false;
      const quick = fn.block(() =>
        computeGroups(groups, (mask) => {
          guarded = true;
          fn.emit(special.set(v128.or(special.get, mask)));
        }),
      );
      if (!guarded) {
        fn.emit(whileLoop(i32.geU(left.get, round), quick));
        return;
      }
      // a stretch at a time, and once more with care if special values were met: its inputs must still be there
      fn.while(i32.geU(left.get, round), () => {
        const state = [left, position, ...pointers].map((local) => [local, fn.let(local.get)] as const);
        const end = fn.let(
          i32.sub(left.get, select(i32.const(stretch), left.get, i32.gtU(left.get, i32.const(stretch)))),
        );
        const more = i32.geU(i32.sub(left.get, end), round);
        fn.emit(special.set(i32x4.splat(inPlace)));
        fn.if(i32.eqz(inPlace), () => fn.emit(doWhile(quick, more)));
        fn.if(v128.anyTrue(special.get), () => {
          fn.emit(...state.map(([local, before]) => local.set(before)));
          fn.doWhile(() => {
            computeGroups(groups);
            return more;
          });
        });
      });
    };

    fn.doWhile(() => {
      fn.emit(left.set(word(words.length)), position.set(word(words.start)));
      pointers.forEach((pointer, o) => fn.emit(pointer.set(rowStarts[o].get)));
      layouts.forEach((layout, o) => {
        if (layout === 'splat' && o >= outputs)
          splats[o] = keepGroup(fn, loadSplat(module, dtypes[o], pointers[o].get));
      });
      if (facts.usesIndex) {
        for (let d = 0; d < rank - 1; d++)
          counters[d] = fn.let(i32x4.splat(word(words.dims + d * words.wordsPerDim + 1)));
      }
      const unrolled = unrolling(facts, layouts);
      whileGroups(unrolled);
      if (unrolled > 1) fn.while(i32.geU(left.get, i32.const(groupSize)), () => computeGroups(1));
      fn.if(left.get, () => computeGroup(loadGroups(0, true), 0, true));
      fn.emit(moveBy(rows, i32.const(-1)));
      fn.if(rows.get, () => {
        const at = fn.variable(i32.add(descriptor, i32.const(4 * words.dims)));
        fn.doWhile(() => advance(fn, at, moving, words));
      });
      return rows.get;
    });
  });
}

/** Elements that are computed before special values are looked for. */
const stretch = 256;

/** Four numbers that follow each other. */
const lanesFrom = (n: number): V => v128.of32([n, n + 1, n + 2, n + 3]);

/** Groups computed in one round: where little is computed, the round itself is what costs. */
function unrolling({ weight }: ProgramFacts, layouts: readonly Layout[]): number {
  if (layouts.includes('strided')) return 1;
  return weight <= 30 ? 4 : 1;
}
