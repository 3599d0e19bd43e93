// A server of an application that asks a service of its own who may have what. It says its port when it listens, decides anew when it is told
// to, and says when that is done.
import { createServer, HeadwaterError } from '@headwater/server';

const [data, redis, service] = process.argv.slice(2);

/** @type {import('@headwater/server').Authenticate} */
async function authenticate({ token, documentName }) {
  const question = new URLSearchParams({ user: token ?? '', documentName });
  const response = await fetch(`${service}?${question}`, { signal: AbortSignal.timeout(2_000) });
  if (response.status === 503) throw new HeadwaterError('HW_ACCESS_UNDECIDED', 'ask again');
  if (!response.ok) throw new Error('not for you');
  return response.json();
}

const server = await createServer({ port: 0, data, redis, clusterSecret: 'the-secret-of-this-cluster', authenticate });
const { port } = await server.listen();
process.on('message', (whom) => void server.reauthenticate(whom).then(() => process.send('decided')));
process.on('disconnect', () => void server.close());
process.send(port);
