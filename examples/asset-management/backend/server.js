// The backend of the asset-management example: a small JSON interface to one
// SQLite file. PORT, HOST and DATABASE are taken from the environment.
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { answer } from './routes.js';
import { Store } from './store.js';

const port = Number(process.env.PORT ?? 5000);
const host = process.env.HOST ?? '127.0.0.1';
const database = process.env.DATABASE ?? fileURLToPath(new URL('data/assets.db', import.meta.url));

const store = new Store(database);

const server = createServer(async (request, response) => {
  let reply;
  try {
    reply = await answer(store, request);
  } catch (error) {
    console.error(`${request.method} ${request.url}:`, error);
    reply = { code: 500, body: { error: 'this went wrong here, see the log' } };
  }
  if (reply.after) response.once('finish', () => setImmediate(reply.after));
  if (reply.body === undefined) {
    response.writeHead(reply.code).end();
  } else {
    response.writeHead(reply.code, { 'content-type': 'application/json' });
    response.end(JSON.stringify(reply.body));
  }
  console.log(`${request.method} ${request.url} ${reply.code}`);
});

server.on('error', (error) => {
  console.error(`cannot listen on ${host}:${port}: ${error.message}`);
  process.exit(1);
});
server.listen(port, host, () => {
  console.log(`asset backend on http://${host}:${port}, database ${database}, pid ${process.pid}`);
});

// Requests under way are answered; idle keep-alive connections would never end.
function stop(signal) {
  console.log(`${signal}: stopping`);
  server.close(() => {
    store.close();
    console.log('stopped');
    process.exit(0);
  });
  server.closeIdleConnections();
}
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
