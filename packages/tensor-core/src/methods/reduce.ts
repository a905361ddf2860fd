import { ElementwiseMethods } from './elementwise.ts';

export abstract class ReduceMethods extends ElementwiseMethods {}
