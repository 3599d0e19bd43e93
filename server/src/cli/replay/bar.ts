/** How far something is, drawn over so many columns. */
export function bar(progress: number, columns: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, progress)) * columns);
  return '█'.repeat(filled) + '░'.repeat(columns - filled);
}
