declare module 'asciichart' {
  const asciichart: {
    /** Draws a series as lines of text. */
    plot(series: readonly number[], config?: { height?: number; format?: (x: number) => string }): string;
  };
  export = asciichart;
}
