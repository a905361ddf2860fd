/** An error of the person at the keyboard: one clear line, exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
