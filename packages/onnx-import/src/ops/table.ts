/** Every op that an imported graph may have. */
import type { Rows } from '../context.ts';
import { control } from './control.ts';
import { elementwise } from './elementwise.ts';
import { linalg } from './linalg.ts';
import { movement } from './movement.ts';
import { structure } from './structure.ts';

/** Rows of ONNX's own domain, by op type. */
export const rows: Rows = { ...structure, ...control, ...elementwise, ...linalg, ...movement };
