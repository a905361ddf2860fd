/** Where the symbols of this family are run in onnxruntime. Made in a function: the inputs are random, and the backend is there by then. */
import type { Case } from './inputs.ts';

export const spatial = (): Case[] => [];
