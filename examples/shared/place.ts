const query = new URLSearchParams(location.search);

/** The server: `npm start` listens here, and so does `npm run example`. */
export const serverUrl = query.get('server') ?? 'ws://localhost:1234';

/** Each example has a document of its own, since each lays it out in its own way. */
export function documentName(example: string): string {
  return query.get('document') ?? `example-${example}`;
}

const NAMES = ['Ada', 'Alan', 'Barbara', 'Donald', 'Edsger', 'Frances', 'Grace', 'Katherine', 'Leslie', 'Radia'];

/** Who sits at this window. A real application knows; here everybody gets a name, and keeps it over a reload. */
export function myName(): string {
  const name =
    query.get('name') ?? sessionStorage.getItem('name') ?? NAMES[Math.floor(Math.random() * NAMES.length)] ?? 'Ada';
  sessionStorage.setItem('name', name);
  return name;
}
