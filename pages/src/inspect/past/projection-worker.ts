/// <reference lib="webworker" />
import { HistoryClient } from '@headwater/client/history';
import type { View } from '../content/document-content.ts';
import type { Order, Report } from './messages.ts';
import { Projection } from './projection.ts';

declare const self: DedicatedWorkerGlobalScope;

/** The thread in which the past is put together, so that a large document never holds up the page. */
const report = (said: Report): void => self.postMessage(said);
let projection: Projection | undefined;
let view: View = 'text';

self.addEventListener('message', ({ data: order }: MessageEvent<Order>) => {
  if (order.kind === 'open') {
    const source = new HistoryClient(order.serverUrl, { token: order.apiToken });
    projection = new Projection(source, order.documentName, report);
    projection.view = view;
    return;
  }
  if (order.kind === 'view') view = order.view;
  projection?.obey(order);
});
