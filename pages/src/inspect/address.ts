/** Whose document this page shows, and where its server is: the page is at `…/inspect/NAME`. */
export interface Address {
  readonly documentName: string;
  /** Of the server, with a slash at the end. */
  readonly serverUrl: string;
  readonly socketUrl: string;
}

export function addressOf(page: URL): Address {
  const server = new URL('../', page);
  const name = page.pathname.slice(page.pathname.lastIndexOf('/') + 1);
  const socket = new URL(server);
  socket.protocol = server.protocol === 'https:' ? 'wss:' : 'ws:';
  return {
    documentName: decodeURIComponent(name),
    serverUrl: server.href,
    socketUrl: socket.href.replace(/\/$/, ''),
  };
}
