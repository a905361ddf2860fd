import { ReduceMethods } from './reduce.ts';

export abstract class LinalgMethods extends ReduceMethods {}
