/** For this window only: a second one is a second person. */
const KEY = 'headwater-name';

const NAMES = ['Ada', 'Alan', 'Barbara', 'Donald', 'Edsger', 'Frances', 'Grace', 'Katherine', 'Leslie', 'Radia'];

/** What this window's visitor is called until they say otherwise. */
export function visitorName(): string {
  const name = sessionStorage.getItem(KEY) ?? NAMES[Math.floor(Math.random() * NAMES.length)] ?? 'Ada';
  keepVisitorName(name);
  return name;
}

export function keepVisitorName(name: string): void {
  sessionStorage.setItem(KEY, name);
}
