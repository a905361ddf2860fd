/** A registry for as long as the rehearsal lasts: verdaccio on the loopback, in memory of a temporary folder, that knows `@tenfold/*` and nothing else. */
import { join } from 'node:path';
import { runServer } from 'verdaccio';

/** Where it listens, and how it ends. @typedef {{ url: string, close(): Promise<void> }} Registry */

/**
 * What other packages there are, the person's own registry says: the folders of the combinations ask this one for `@tenfold` alone. So it needs no way out,
 * no credentials, and a name of ours can't come from elsewhere by mistake.
 * @param {string} folder for what is published
 * @returns {Promise<Registry>}
 */
export async function startRegistry(folder) {
  const everybody = { access: '$all', publish: '$all', unpublish: '$all' };
  const app = await runServer({
    self_path: folder,
    storage: join(folder, 'storage'),
    auth: { htpasswd: { file: join(folder, 'htpasswd'), max_users: -1 } },
    uplinks: {},
    packages: { '@tenfold/*': everybody },
    max_body_size: '200mb',
    web: { enable: false },
    middlewares: {},
    log: { type: 'file', path: join(folder, 'log'), level: 'warn' },
  });
  const server = await new Promise((resolve, reject) => {
    const listening = app.listen(0, '127.0.0.1', () => resolve(listening)).once('error', reject);
  });
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}
