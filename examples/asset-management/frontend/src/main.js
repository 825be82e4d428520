// The page: lists the assets, adds and deletes them, and shows how the backend is.
const HEALTH_EVERY = 2000; // ms

const rows = document.querySelector('#assets');
const form = document.querySelector('#add');
const fault = document.querySelector('#fault');
const health = document.querySelector('#health');
const euros = new Intl.NumberFormat(undefined, { style: 'currency', currency: 'EUR' });

async function call(method, path, body) {
  const response = await fetch(path, {
    method,
    headers: body && { 'content-type': 'application/json' },
    body: body && JSON.stringify(body),
  });
  const reply = response.status === 204 ? null : await response.json().catch(() => null);
  if (!response.ok) throw new Error(reply?.error ?? `the backend answered ${response.status}`);
  return reply;
}

// Does `work`, and shows what went wrong where it did.
async function attempt(work) {
  try {
    await work();
    fault.hidden = true;
  } catch (error) {
    fault.textContent = error.message;
    fault.hidden = false;
  }
}

function row(asset) {
  const tr = document.createElement('tr');
  const cells = [asset.name, asset.category, asset.location, euros.format(asset.value), asset.status];
  for (const [i, text] of cells.entries()) {
    const td = tr.insertCell();
    td.textContent = text;
    if (i === 3) td.className = 'number';
  }
  const button = document.createElement('button');
  button.textContent = '✕';
  button.ariaLabel = `delete ${asset.name}`;
  button.addEventListener('click', () =>
    attempt(async () => {
      await call('DELETE', `/api/assets/${asset.id}`);
      await list();
    }),
  );
  tr.insertCell().append(button);
  return tr;
}

async function list() {
  const assets = await call('GET', '/api/assets');
  rows.replaceChildren(...assets.map(row));
  document.querySelector('#count').textContent = `${assets.length} assets`;
  document.querySelector('#total').textContent = euros.format(
    assets.reduce((sum, asset) => sum + asset.value, 0),
  );
}

let wasUp = false;
async function checkHealth() {
  try {
    const { pid, uptime, rss_mb: rss } = await call('GET', '/health');
    health.dataset.state = 'up';
    health.textContent = `backend up ${uptime} s, pid ${pid}, ${rss} MB`;
    // A backend that came back may have other assets than the page shows.
    if (!wasUp) await attempt(list);
    wasUp = true;
  } catch {
    health.dataset.state = 'down';
    health.textContent = 'backend down';
    wasUp = false;
  }
  setTimeout(checkHealth, HEALTH_EVERY);
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  const asset = Object.fromEntries(new FormData(form));
  asset.value = Number(asset.value);
  attempt(async () => {
    await call('POST', '/api/assets', asset);
    form.reset();
    await list();
  });
});

checkHealth();
