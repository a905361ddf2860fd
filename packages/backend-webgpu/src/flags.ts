/** Bits of the WebGPU standard (https://www.w3.org/TR/webgpu/), which browsers have as globals and Node has not. */
export const bufferUsage = { mapRead: 0x1, copySource: 0x4, copyTarget: 0x8, uniform: 0x40, storage: 0x80 } as const;
export const computeStage = 0x4;
export const mapRead = 0x1;
