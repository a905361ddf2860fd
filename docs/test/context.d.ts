declare module 'vitest' {
  interface ProvidedContext {
    /** How to start a browser that has a WebGPU adapter; absent on platforms for which none is fetched. */
    chromium?: { readonly executablePath: string; readonly args: string[]; readonly env: { [name: string]: string } };
  }
}

export {};
