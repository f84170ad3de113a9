/**
 * Resolves in a later turn of the event loop, after messages that wait already: without it a `cancel` would not be
 * heard, since a run on WASM settles in microtasks only. A message port, because timers wait 4 ms when nested.
 */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
