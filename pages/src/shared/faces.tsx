import { initialsOf, type Person } from './people.ts';

/** Faces shown; the rest is a number. */
const MAX_FACES = 5;

/** Who is present, by initials in their colours. */
export function Faces({ people }: { readonly people: readonly Person[] }) {
  const hidden = people.length - MAX_FACES;
  return (
    <ul class="faces" aria-label="Who is present">
      {people.slice(0, MAX_FACES).map(({ clientId, name, color }) => (
        <li key={clientId} class="face" title={name} style={color === undefined ? {} : { '--face': color }}>
          <span aria-hidden="true">{initialsOf(name)}</span>
          <span class="visually-hidden">{name}</span>
        </li>
      ))}
      {hidden > 0 && <li class="face is-more">+{hidden}</li>}
    </ul>
  );
}
