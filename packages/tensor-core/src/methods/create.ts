import { IndexMethods } from './index.ts';

export abstract class CreateMethods extends IndexMethods {}
