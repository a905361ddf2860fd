/** Says what happens: a line for each step that has ended, and on a terminal what is running. */

export class Progress {
  #passed = 0;
  #failed = 0;
  #skipped = 0;
  #start = performance.now();
  /** What runs now, with the time it began. @type {Map<string, number>} */
  #running = new Map();
  #done = 0;
  #of = 0;
  /** @type {NodeJS.Timeout | undefined} */
  #timer;

  /**
   * Runs a step and reports it.
   * @template T
   * @param {string} name
   * @param {() => Promise<T>} work a text that it gives is shown behind its name
   * @returns {Promise<T>}
   */
  async step(name, work) {
    const start = performance.now();
    this.#running.set(name, start);
    if (process.stdout.isTTY) this.#timer ??= setInterval(() => this.#draw(), 250).unref();
    try {
      const result = await work();
      this.#passed++;
      this.#say(`✓ ${name} (${seconds(start)})${typeof result === 'string' && result ? `: ${result}` : ''}`);
      return result;
    } catch (error) {
      this.#failed++;
      const message = error instanceof Error ? error.message : String(error);
      this.#say(`✗ ${name} (${seconds(start)})\n${message.replaceAll(/^/gm, '    ')}`);
      throw error;
    } finally {
      this.#running.delete(name);
    }
  }

  /**
   * Says what is not tried, and why.
   * @param {string} name
   * @param {string} reason
   */
  skip(name, reason) {
    this.#skipped++;
    this.#say(`- ${name}: left out: ${reason}`);
  }

  /** How many pieces of work come now. @param {number} count */
  expect(count) {
    this.#of = count;
    this.#done = 0;
  }

  advance() {
    this.#done++;
  }

  /** @param {string} text */
  note(text) {
    this.#say(text);
  }

  /**
   * Shows what is going to be tried.
   * @param {readonly import('./combinations.mjs').Row[]} rows
   * @param {readonly (readonly [string, string])[]} others
   */
  table(rows, others) {
    const lines = rows.map(({ combination, manager, hosts }) => [combination, manager, hosts.join(', ')]);
    const all = [...lines, ...others.map(([name, title]) => [name, 'npm', title])];
    const widths = [0, 1].map((i) => Math.max(...all.map((cells) => cells[i].length)));
    this.#say(`\n${all.map(([a, b, c]) => `  ${a.padEnd(widths[0])}  ${b.padEnd(widths[1])}  ${c}`).join('\n')}\n`);
  }

  /** Ends with the line that CI reads. @returns {number} the exit code */
  end() {
    clearInterval(this.#timer);
    this.#say(`\nrehearsed in ${seconds(this.#start)}`);
    this.#say(`${this.#passed} passed, ${this.#failed} failed${this.#skipped > 0 ? `, ${this.#skipped} skipped` : ''}`);
    return this.#failed > 0 ? 1 : 0;
  }

  /** @param {string} text */
  #say(text) {
    if (process.stdout.isTTY) process.stdout.write('\r\x1b[K');
    process.stdout.write(`${text}\n`);
  }

  #draw() {
    const width = 20;
    const filled = this.#of > 0 ? Math.round((this.#done / this.#of) * width) : 0;
    const bar =
      this.#of > 0 ? `[${'='.repeat(filled)}${' '.repeat(width - filled)}] ${this.#done} of ${this.#of}  ` : '';
    const running = [...this.#running].map(([name, start]) => `${name} ${seconds(start)}`).join(' · ');
    process.stdout.write(`\r\x1b[K${`${bar}${running}`.slice(0, (process.stdout.columns ?? 80) - 1)}`);
  }
}

/** @param {number} start */
const seconds = (start) => `${((performance.now() - start) / 1000).toFixed(1)} s`;
