/** How `digits.bin` is laid out: pixels of training and test digits, one byte each, then their labels. */
export const layout = { file: 'digits.bin', train: 6000, test: 1000, side: 28, pixels: 28 * 28 } as const;
