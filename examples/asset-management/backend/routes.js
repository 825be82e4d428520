// What the server answers. A route gets the store, the id in the path and the
// request's URL and body, and returns { code, body }.
import { InvalidAsset } from './store.js';

const BODY_MAX = 64 * 1024; // bytes of a request
const LEAK_MAX = 4096; // MB of one call

// Memory that /api/debug/leak keeps for good.
const leaked = [];

function health({ store }) {
  const { rss } = process.memoryUsage();
  return {
    code: 200,
    body: {
      status: 'ok',
      pid: process.pid,
      uptime: Math.round(process.uptime()),
      rss_mb: Math.round(rss / 1048576),
      assets: store.count(),
    },
  };
}

const notFound = { code: 404, body: { error: 'there is no such thing here' } };

const routes = [
  ['GET', /^\/(?:api\/)?health$/, health],
  ['GET', /^\/api\/assets$/, ({ store }) => ({ code: 200, body: store.list() })],
  ['POST', /^\/api\/assets$/, ({ store, input }) => ({ code: 201, body: store.add(input) })],
  ['GET', /^\/api\/assets\/(\d{1,15})$/, ({ store, id }) => found(store.get(id))],
  ['PUT', /^\/api\/assets\/(\d{1,15})$/, ({ store, id, input }) => found(store.update(id, input))],
  ['DELETE', /^\/api\/assets\/(\d{1,15})$/, ({ store, id }) =>
    store.remove(id) ? { code: 204 } : notFound],
];

function found(asset) {
  return asset ? { code: 200, body: asset } : notFound;
}

// Ways to go wrong, to see what the process manager does about it. They exist in
// the development environment alone.
function leak({ url }) {
  const mb = Number(url.searchParams.get('mb') ?? '50');
  if (!Number.isInteger(mb) || mb < 1 || mb > LEAK_MAX) {
    return { code: 400, body: { error: `mb: a whole number from 1 to ${LEAK_MAX} is wanted` } };
  }
  // Filled, since untouched pages aren't resident.
  for (let i = 0; i < mb; i++) leaked.push(Buffer.alloc(1048576, 1));
  console.warn(`leaked ${mb} MB, ${leaked.length} MB in all`);
  return { code: 200, body: { leaked_mb: leaked.length } };
}

function crash() {
  return {
    code: 202,
    body: { crashing: true },
    after: () => {
      throw new Error('crash asked for through /api/debug/crash');
    },
  };
}

if (process.env.NODE_ENV === 'development') {
  routes.push(['POST', /^\/api\/debug\/leak$/, leak], ['POST', /^\/api\/debug\/crash$/, crash]);
}

async function readBody(request) {
  const pieces = [];
  let size = 0;
  for await (const piece of request) {
    size += piece.length;
    if (size > BODY_MAX) throw new InvalidAsset(`a request is at most ${BODY_MAX} bytes long`);
    pieces.push(piece);
  }
  try {
    return JSON.parse(Buffer.concat(pieces).toString('utf8'));
  } catch {
    throw new InvalidAsset('the body is no JSON');
  }
}

// Finds the route and calls it. Returns { code, body, after }; `after` is called
// once the reply is on its way.
export async function answer(store, request) {
  const url = new URL(request.url, 'http://backend');
  const here = routes.filter(([, pattern]) => pattern.test(url.pathname));
  const route = here.find(([method]) => method === request.method);
  if (here.length === 0) return notFound;
  if (!route) return { code: 405, body: { error: `${request.method} can't be done here` } };
  const [method, pattern, handler] = route;
  const id = Number(pattern.exec(url.pathname)[1]);
  try {
    const wantsBody = url.pathname.startsWith('/api/assets') && (method === 'POST' || method === 'PUT');
    const input = wantsBody ? await readBody(request) : undefined;
    return handler({ store, id, url, input });
  } catch (error) {
    if (error instanceof InvalidAsset) return { code: 400, body: { error: error.message } };
    throw error;
  }
}
