import { usePresence, useProvider, useSaved, useStatus } from '@headwater/client/react';
import { useState } from 'react';

/** The same line as in the other examples, by hooks. */
export function Status() {
  const provider = useProvider();
  const users = usePresence();
  const status = useStatus();
  const { saved, unsavedChanges } = useSaved();
  const [isOffline, setOffline] = useState(false);

  const toggle = (): void => {
    setOffline(!isOffline);
    if (isOffline) provider?.connect();
    else provider?.disconnect();
  };
  return (
    <header id="status">
      <h1 className="name">{document.title}</h1>
      <ul className="faces" aria-label="Who is here">
        {users.map(({ id, name, color }) => (
          <li key={id} className="face" style={{ '--color': color }}>
            {name}
          </li>
        ))}
      </ul>
      <span className="connection" role="status" data-status={status}>
        {status}
      </span>
      <span className="saved" role="status" data-saved={saved}>
        {saved ? 'Saved' : `${unsavedChanges} unsaved`}
      </span>
      <button type="button" className="button" aria-pressed={isOffline} onClick={toggle}>
        Work offline
      </button>
      <a className="button" href={location.href} target="_blank" rel="noopener">
        Second window
      </a>
    </header>
  );
}
