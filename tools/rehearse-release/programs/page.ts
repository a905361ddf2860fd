import { program } from './program.js';

/** What the worker answers, or why it does not. */
const inWorker = new Promise<string>((resolve) => {
  const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
  worker.addEventListener('message', ({ data }) => resolve(data));
  worker.addEventListener('error', ({ message }) => resolve(`the worker failed: ${message}`));
});

const settled = (answer: Promise<string>): Promise<string> => answer.catch((error: unknown) => String(error));

Object.assign(globalThis, {
  answers: Promise.all([settled(program()), inWorker]).then(([page, worker]) => ({ page, worker })),
});
