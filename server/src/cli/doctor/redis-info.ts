/** What `INFO` says, section headings left out. */
export type RedisInfo = ReadonlyMap<string, string>;

export function parseInfo(text: string): RedisInfo {
  const pairs = text.split('\r\n').flatMap((line) => {
    const [, key, value] = /^([^#:]+):(.*)$/.exec(line) ?? [];
    return key === undefined || value === undefined ? [] : [[key, value] as const];
  });
  return new Map(pairs);
}
