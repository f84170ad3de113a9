/** A server of this machine that fails as networks and servers do: it cuts, stalls, corrupts, refuses, ignores Range. */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { ROOT } from '../../tools/project.mjs';

/** What happens to one request. `after` counts bytes of the body. */
export type Fault =
  | { type: 'cut'; after: number }
  | { type: 'stall'; after: number }
  | { type: 'corrupt'; at: number }
  | { type: 'status'; status: number };

export interface FaultyServer {
  /** Ends with a slash. */
  readonly url: string;
  /** The next requests for a file meet these faults, one each; then all is well. */
  fail(name: string, ...faults: Fault[]): void;
  /** Requests for a file so far, as `bytes=…` or `whole`. */
  requests(name: string): string[];
  /** Whether ranges are honoured, and the ETag that files have. */
  options: {
    /** What is served: another folder is another deployment. */
    folder: string;
    ranges: boolean;
    etag: string | null;
    headers: Record<string, string>;
    /** Folders that lie under another name too: `{ 'models/copy/': 'models/tiny-random/' }`. */
    aliases: Record<string, string>;
  };
  close(): Promise<void>;
}

const TYPES: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
  '.svg': 'image/svg+xml',
  '.jpg': 'image/jpeg',
  '.webmanifest': 'application/manifest+json',
};

/**
 * Serves a folder (the build by default) under a path. It sends no headers of isolation or policy by itself, as a
 * plain static host.
 */
export async function serveFaulty(folder = join(ROOT, 'dist'), path = '/'): Promise<FaultyServer> {
  const faults = new Map<string, Fault[]>();
  const seen = new Map<string, string[]>();
  const options: FaultyServer['options'] = {
    folder,
    ranges: true,
    etag: '"one"',
    headers: {},
    aliases: {},
  };

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const { pathname } = new URL(request.url ?? '/', 'http://local');
    const inside = pathname.startsWith(path) ? normalize(pathname.slice(path.length)) : '..';
    const alias = Object.keys(options.aliases).find((folder) => inside.startsWith(folder));
    const file = alias ? inside.replace(alias, options.aliases[alias] ?? '') : inside;
    const name = inside.split('/').at(-1) ?? '';
    const range = request.headers.range;
    seen.set(name, [...(seen.get(name) ?? []), range ?? 'whole']);
    const fault = faults.get(name)?.shift();
    if (fault?.type === 'status') return void response.writeHead(fault.status).end();
    let body: Buffer;
    try {
      if (inside.startsWith('..')) throw new Error('outside');
      body = readFileSync(join(options.folder, file === '.' ? 'index.html' : file));
    } catch {
      return void response.writeHead(404).end();
    }
    const headers: Record<string, string> = {
      'Content-Type': TYPES[extname(inside) || '.html'] ?? 'application/octet-stream',
      ...options.headers,
      ...(options.etag === null ? {} : { ETag: options.etag }),
    };
    const same =
      request.headers['if-range'] === undefined || request.headers['if-range'] === options.etag;
    const from = options.ranges && same ? Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0) : 0;
    if (from > 0) headers['Content-Range'] = `bytes ${from}-${body.length - 1}/${body.length}`;
    let rest = Buffer.from(body.subarray(from));
    if (fault?.type === 'corrupt') rest[fault.at] = (rest[fault.at] ?? 0) ^ 1;
    response.writeHead(from > 0 ? 206 : 200, { ...headers, 'Content-Length': String(rest.length) });
    if (fault?.type !== 'cut' && fault?.type !== 'stall') return void response.end(rest);
    rest = rest.subarray(0, fault.after);
    response.write(rest, () => {
      // The bytes reach the browser before the connection goes.
      if (fault.type === 'cut') setTimeout(() => response.destroy(), 200);
    });
  }

  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}${path}`,
    fail: (name, ...next) => faults.set(name, next),
    requests: (name) => seen.get(name) ?? [],
    options,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
