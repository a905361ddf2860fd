/** Matrix decompositions as methods (https://pytorch.org/docs/stable/linalg.html). */
import { LinalgMethods } from './linalg.ts';

export abstract class DecompositionMethods extends LinalgMethods {}
