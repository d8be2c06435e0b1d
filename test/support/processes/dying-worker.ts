/** A worker that ends with its first message. */
declare const self: Worker;

self.onmessage = () => process.exit(1);
