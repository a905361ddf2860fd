declare module 'asciichart' {
  export interface PlotConfig {
    height?: number;
    min?: number;
    max?: number;
    format?: (x: number) => string;
    colors?: (string | undefined)[];
  }
  const asciichart: {
    /** Draws series as lines of text. */
    plot(series: readonly number[] | readonly (readonly number[])[], config?: PlotConfig): string;
  };
  export = asciichart;
}
