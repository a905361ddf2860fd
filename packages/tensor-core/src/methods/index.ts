import { MovementMethods } from './movement.ts';

export abstract class IndexMethods extends MovementMethods {}
