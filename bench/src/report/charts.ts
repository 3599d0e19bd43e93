/** What is drawn of a suite: one column of its table, a bar for each row. */
export interface Chart {
  readonly suite: string;
  readonly column: string;
  readonly title: string;
  /** Columns that tell the rows apart. */
  readonly labels: readonly string[];
}

const chart = (suite: string, column: string, title: string, ...labels: readonly string[]): Chart => ({
  suite,
  column,
  title,
  labels,
});

export const CHARTS: readonly Chart[] = [
  chart('fan-out', 'CPU µs/delivered', 'Server CPU per delivered update, µs (less is better)', 'server', 'offered/s'),
  chart('fan-out', 'p99 ms', 'Latency, p99, ms (less is better)', 'server', 'offered/s'),
  chart('saturation', 'delivered/s', 'Updates delivered a second (more is better)', 'server'),
  chart('many-documents', 'CPU µs/delivered', 'Server CPU per delivered update, µs (less is better)', 'server'),
  chart('many-documents', 'p99 ms', 'Latency, p99, ms (less is better)', 'server'),
  chart('growth', 'CPU µs/update', 'Server CPU per update, µs (the same is best)', 'document'),
  chart('join-storm', 'CPU ms/join', 'Server CPU per join, ms (less is better)', 'server'),
  chart('reconnect-storm', 'CPU ms/join', 'Server CPU per reconnect, ms (less is better)', 'server', 'missed'),
  chart('cold-open', 'synced ms', 'Until the first client was synced, ms (less is better)', 'server', 'document'),
  chart('presence', 'CPU %', 'Server CPU, % of a core (less is better)', 'server', 'clients', 'echo'),
  chart('presence', 'p99 ms', 'Until a cursor has moved, p99, ms (less is better)', 'server', 'clients', 'echo'),
  chart('idle-memory', 'kB each', 'Memory, kB each (less is better)', 'server', 'what'),
  chart('durable', 'updates/s', 'Updates a second (more is better)', 'writer', 'at once'),
  chart('day', 'CPU µs/update', 'Server CPU per update over a day, µs (flat is best)', 'server', 'hour'),
  chart('day', 'RSS MB', 'Memory over a day, MB (flat is best)', 'server', 'hour'),
  chart('day', 'disk MB', 'Disk over a day, MB (less is better)', 'server', 'hour'),
  chart('slow-consumer', 'peak growth MB', 'What memory grows by, MB (less is better)', 'server', 'the slow ones'),
  chart('slow-consumer', 'p99 ms', 'Latency of the others, p99, ms (less is better)', 'server', 'the slow ones'),
  chart('abuse', 'p95 ms', 'What others feel, p95, ms (less is better)', 'turn'),
  chart('relay', 'p50 ms', 'From writer to reader, p50, ms (less is better)', 'situation'),
  chart('two-instances', 'Redis bytes/update', 'Bytes to Redis for a keystroke (less is better)', 'server'),
];
