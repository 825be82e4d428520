// The assets, in one SQLite file. SQLite runs as WebAssembly and reads and writes
// the file itself, so nothing is compiled or downloaded besides the npm package.
import { mkdirSync, rmdirSync } from 'node:fs';
import { dirname } from 'node:path';
import sqlite from 'node-sqlite3-wasm';

const COLUMNS = ['name', 'category', 'location', 'value', 'status'];
export const STATUSES = ['in use', 'in stock', 'in repair', 'retired'];
const TEXT_MAX = 200; // characters of one field

const SEED = [
  ['ThinkPad X1, 14"', 'laptop', 'Berlin, 2nd floor', 1849, 'in use'],
  ['Dell PowerEdge R660', 'server', 'Rack 4, U12', 7420, 'in use'],
  ['Brother HL-L5210', 'printer', 'Berlin, reception', 289, 'in repair'],
];

// Thrown for what the caller sent; everything else is our own fault.
export class InvalidAsset extends Error {}

// Returns the columns that `input` gives, checked. With `whole`, a name is a must.
function checked(input, whole) {
  if (input === null || typeof input !== 'object' || Array.isArray(input)) {
    throw new InvalidAsset('an asset is a JSON object');
  }
  const asset = {};
  for (const column of COLUMNS) {
    if (input[column] === undefined) continue;
    if (column === 'value') {
      if (typeof input.value !== 'number' || !Number.isFinite(input.value) || input.value < 0) {
        throw new InvalidAsset('value: a number from 0 is wanted');
      }
      asset.value = input.value;
      continue;
    }
    if (typeof input[column] !== 'string' || input[column].length > TEXT_MAX) {
      throw new InvalidAsset(`${column}: text of at most ${TEXT_MAX} characters is wanted`);
    }
    asset[column] = input[column].trim();
  }
  if (asset.status !== undefined && !STATUSES.includes(asset.status)) {
    throw new InvalidAsset(`status: one of ${STATUSES.join(', ')} is wanted`);
  }
  if (asset.name === '' || (whole && asset.name === undefined)) {
    throw new InvalidAsset('name: it is missing');
  }
  return asset;
}

export class Store {
  #db;

  constructor(file) {
    mkdirSync(dirname(file), { recursive: true });
    // The library locks by making this folder for the length of a statement. This
    // server is the file's only user, so a lock that is here now was left by a
    // predecessor that was killed in the middle of one.
    try {
      rmdirSync(`${file}.lock`);
    } catch (error) {
      if (error.code !== 'ENOENT') throw error;
    }
    this.#db = new sqlite.Database(file);
    this.#db.exec(`CREATE TABLE IF NOT EXISTS assets (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      name TEXT NOT NULL,
      category TEXT NOT NULL DEFAULT '',
      location TEXT NOT NULL DEFAULT '',
      value REAL NOT NULL DEFAULT 0,
      status TEXT NOT NULL DEFAULT 'in stock',
      created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    )`);
    // user_version says whether this file has been seeded: an emptied list stays empty.
    if (this.#db.get('PRAGMA user_version').user_version === 0) {
      for (const row of SEED) {
        this.#db.run(`INSERT INTO assets (${COLUMNS.join(', ')}) VALUES (?, ?, ?, ?, ?)`, row);
      }
      this.#db.exec('PRAGMA user_version = 1');
    }
  }

  count() {
    return this.#db.get('SELECT count(*) AS n FROM assets').n;
  }

  list() {
    return this.#db.all('SELECT * FROM assets ORDER BY id');
  }

  get(id) {
    return this.#db.get('SELECT * FROM assets WHERE id = ?', id) ?? null;
  }

  add(input) {
    const asset = checked(input, true);
    const keys = Object.keys(asset);
    const marks = keys.map(() => '?').join(', ');
    const { lastInsertRowid } = this.#db.run(
      `INSERT INTO assets (${keys.join(', ')}) VALUES (${marks})`,
      Object.values(asset),
    );
    return this.get(lastInsertRowid);
  }

  // Changes what `input` gives and leaves the rest. Returns null for an unknown id.
  update(id, input) {
    const asset = checked(input, false);
    const keys = Object.keys(asset);
    if (keys.length > 0) {
      const sets = keys.map((key) => `${key} = ?`).join(', ');
      this.#db.run(`UPDATE assets SET ${sets} WHERE id = ?`, [...Object.values(asset), id]);
    }
    return this.get(id);
  }

  remove(id) {
    return this.#db.run('DELETE FROM assets WHERE id = ?', id).changes > 0;
  }

  close() {
    this.#db.close();
  }
}
