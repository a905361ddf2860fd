/** Serves the built site on loopback, for tests and for looking at it. */
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, resolve } from 'node:path';
import { docs } from './pages.mjs';

export const dist = join(docs, '.vitepress/dist');

const types = /** @type {{ [ending: string]: string }} */ ({
  '.css': 'text/css',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
  '.woff2': 'font/woff2',
});

/** With these headers the playground may share memory between threads. */
const isolation = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };

/**
 * @param {number} [port] any free one unless told
 * @returns {Promise<{ url: string, close(): void }>}
 */
export async function serve(port = 0) {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname);
    const file = [path, `${path}.html`, join(path, 'index.html')]
      .map((name) => resolve(dist, `.${name}`))
      .find((name) => name.startsWith(dist) && existsSync(name) && statSync(name).isFile());
    const headers = { ...isolation, 'Content-Type': types[extname(file ?? '.html')] ?? 'application/octet-stream' };
    response.writeHead(file ? 200 : 404, headers);
    createReadStream(file ?? join(dist, '404.html')).pipe(response);
  });
  await new Promise((ready, failed) => {
    server.once('error', failed);
    server.listen(port, '127.0.0.1', () => ready(undefined));
  });
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());
  return { url: `http://localhost:${address.port}`, close: () => void server.close() };
}
