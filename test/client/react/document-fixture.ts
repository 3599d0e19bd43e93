import { HeadwaterDocument, type HeadwaterDocumentProps } from '@headwater/client/react';
import { createElement, type ReactNode } from 'react';
import type { FakeServer } from '../fake-server.ts';

/** A document of a fake server around components. */
export function inDocument(
  server: FakeServer,
  children: ReactNode,
  props: Partial<HeadwaterDocumentProps> = {},
): ReactNode {
  const { WebSocket } = server;
  const options = { url: 'ws://server.test', name: 'notes', WebSocket, broadcast: false, ...props };
  return createElement(HeadwaterDocument, options, children);
}

/** A component that keeps what a hook says each time it renders. */
export function listener<Value>(useIt: () => Value): { readonly said: Value[]; readonly element: ReactNode } {
  const said: Value[] = [];
  const Listener = (): ReactNode => {
    said.push(useIt());
    return null;
  };
  return { said, element: createElement(Listener) };
}

/** The sessions that are open on a fake server, by address. */
export function sessionsOf(server: FakeServer): readonly string[] {
  return server.connections.flatMap(({ sessions }) => [...sessions.keys()]);
}
