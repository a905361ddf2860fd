import { SoftmaxMethods } from './softmax.ts';

export abstract class MovementMethods extends SoftmaxMethods {}
