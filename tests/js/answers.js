// A server on this machine that answers what a test lays under an address, so that scripts fetch as they do in a page.
import { createServer } from "node:http";

/** Serves {path: {body, headers?, status?}}; returns {url(path), close()}. Queries are part of the path. */
export async function answers(laid) {
  const server = createServer(({ url }, response) => {
    const { body = "", headers = {}, status = 200 } = laid[url] ?? { status: 404 };
    response.writeHead(status, headers);
    response.end(body);
  });
  await new Promise((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address();
  return { url: (path) => `http://127.0.0.1:${port}${path}`, close: () => server.close() };
}

/** The octets of numbers as a server sends them. */
export function octets(numbers) {
  return Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}
