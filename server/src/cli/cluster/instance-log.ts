/** One line of the log of an instance, taken apart. */
type Entry = Readonly<Record<string, unknown>>;

/**
 * A line of an instance as a line of the whole cluster. Programs get a field more; people see the number in front of the
 * message. What is no log line (a warning of Node, a stack) comes back as it is, marked.
 */
export function clusterLine(instance: number, line: string, forPeople: boolean): string {
  const entry = parse(line);
  if (entry === undefined) return `[${instance}] ${line}`;
  const { level, time, msg, ...fields } = entry;
  const marked = forPeople
    ? { level, time, ...fields, msg: `[${instance}] ${String(msg)}` }
    : { level, time, instance, ...fields, msg };
  return JSON.stringify(marked);
}

function parse(line: string): Entry | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && 'msg' in value ? value : undefined;
  } catch {
    return undefined;
  }
}
