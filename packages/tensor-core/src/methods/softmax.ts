import { LinalgMethods } from './linalg.ts';

export abstract class SoftmaxMethods extends LinalgMethods {}
