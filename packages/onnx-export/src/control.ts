/**
 * `@tenfold/onnx-export/control`: control flow by values, which runs here and is kept as such in ONNX files. A module of its own, so that a model which uses it
 * does not bring the exporter along: `import * as onnx from '@tenfold/onnx-export/control'`.
 *
 * @packageDocumentation
 */
export { cond, condAsync } from './control/cond.ts';
export { type LoopResult, type LoopStep, loop, loopAsync, whileLoop, whileLoopAsync } from './control/loop.ts';
export { type ScanOptions, scan } from './control/scan.ts';
export type { Tree } from './control/tree.ts';
