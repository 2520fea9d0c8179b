/**
 * Longest file that is read, in bytes. Files of sysfs have a page; the largest that we read, the kubelet's checkpoint of
 * its devices, has a few hundred bytes for each of them.
 */
export const MAX_FILE = 16 * 1024 * 1024;

/**
 * The program of a thread that makes calls. It is given a list of them, and answers with the list of their results: of
 * those that it has made, should it be told that the rest are no longer its business. It uses the calls that block the
 * thread they run on: those with promises would take one of the threads that all file access of the process shares.
 */
export const CALL_PROGRAM = `
const { parentPort, workerData: state } = require('node:worker_threads');
const { openSync, readSync, writeSync, closeSync, readlinkSync, readdirSync } = require('node:fs');
const write = (path, value) => {
  // O_WRONLY: never creates nor empties a file.
  const file = openSync(path, 1);
  try {
    writeSync(file, value);
  } finally {
    closeSync(file);
  }
  return { text: '' };
};
const piece = Buffer.alloc(64 * 1024);
// Piece by piece, because the size of a file in sysfs or procfs says nothing of what it has. A short piece is not the
// last one: procfs gives a page at a time.
const read = (path) => {
  const file = openSync(path, 0);
  try {
    let filled = 0;
    let count;
    const pieces = [];
    for (let size = 0; (count = readSync(file, piece, filled, piece.length - filled, null)) > 0; ) {
      size += count;
      if (size > ${MAX_FILE}) return { code: 'EFBIG' };
      filled += count;
      if (filled < piece.length) continue;
      pieces.push(Buffer.from(piece));
      filled = 0;
    }
    if (pieces.length === 0) return { text: piece.utf8Slice(0, filled) };
    return { text: Buffer.concat([...pieces, piece.subarray(0, filled)]).toString('utf8') };
  } finally {
    closeSync(file);
  }
};
const calls = {
  read,
  readlink: (path) => ({ text: readlinkSync(path) }),
  list: (path) => ({ names: readdirSync(path) }),
  write,
};
const make = ({ verb, path, value }) => {
  try {
    return calls[verb](path, value);
  } catch (error) {
    return { code: error.code || 'EIO' };
  }
};
parentPort.on('message', (batch) => {
  const results = [];
  for (const call of batch) {
    Atomics.store(state, 0, results.length);
    if (Atomics.load(state, 1) === 1) break;
    results.push(make(call));
  }
  parentPort.postMessage(results);
});
`;
