/** `[i, i²]`, and what the sample's own generator would draw from. */
export class Squares {
  constructor(length, failAt = -1) {
    this.length = length;
    this.failAt = failAt;
  }

  async get(index, generator) {
    await new Promise((done) => setTimeout(done, (index * 7) % 5));
    if (index === this.failAt) throw new RangeError(`no sample ${index}`);
    return [Float32Array.of(index, index ** 2), `${generator.seed}:${generator.offset}`];
  }
}
