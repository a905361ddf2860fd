import { program } from './program.js';

program().then(
  (answer) => self.postMessage(answer),
  (error) => self.postMessage(String(error)),
);
