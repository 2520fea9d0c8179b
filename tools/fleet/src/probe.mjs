// Loaded into the measured process by --import, beside the service as it is shipped: answers with its memory after a
// forced garbage collection. It needs --expose-gc and a parent that speaks IPC.
process.on('message', () => {
  // The second collection takes what finalizers of the first let go.
  globalThis.gc();
  globalThis.gc();
  process.send?.({ heapUsed: process.memoryUsage().heapUsed });
});
// Nobody measures any more.
process.on('disconnect', () => process.exit(1));
// The channel alone must not keep a process alive that wants to end.
process.channel?.unref();
