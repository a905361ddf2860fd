/** Every op that an imported graph may have. */
import type { Rows } from '../context.ts';
import { activation } from './activation.ts';
import { attention } from './attention.ts';
import { control } from './control.ts';
import { conv } from './conv.ts';
import { create } from './create.ts';
import { detection } from './detection.ts';
import { elementwise } from './elementwise.ts';
import { index } from './index.ts';
import { linalg } from './linalg.ts';
import { loss } from './loss.ts';
import { movement } from './movement.ts';
import { ngrams } from './ngrams.ts';
import { norm } from './norm.ts';
import { pool } from './pool.ts';
import { quantized } from './quantized.ts';
import { recurrent } from './recurrent.ts';
import { reduce } from './reduce.ts';
import { sequence } from './sequence.ts';
import { signal } from './signal.ts';
import { spatial } from './spatial.ts';
import { structure } from './structure.ts';

/** Rows of ONNX's own domain, by op type. */
export const rows: Rows = {
  ...structure,
  ...control,
  ...activation,
  ...attention,
  ...conv,
  ...create,
  ...detection,
  ...elementwise,
  ...index,
  ...linalg,
  ...loss,
  ...movement,
  ...ngrams,
  ...norm,
  ...pool,
  ...quantized,
  ...recurrent,
  ...reduce,
  ...sequence,
  ...signal,
  ...spatial,
};
