import { effect } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { Faces } from '../../shared/faces.tsx';
import { Mark } from '../../shared/icons.tsx';
import { ThemeButton } from '../../shared/theme-button.tsx';
import type { DocumentList } from '../document-list.ts';
import type { SharedPage } from '../shared-page.ts';
import { ConnectCard } from './connect-card.tsx';
import { DocumentsCard } from './documents-card.tsx';
import { SharedEditor } from './shared-editor.tsx';
import { StatusLine } from './status-line.tsx';

interface HomePageProps {
  readonly page: SharedPage;
  readonly documents: DocumentList;
}

/** What a server in development shows of itself: a page to write on together, and what is stored. */
export function HomePage({ page, documents }: HomePageProps) {
  useEffect(() => keepUpToDate(page, documents), [page, documents]);
  return (
    <div class="home">
      <header class="header">
        <Mark />
        <h1 class="title">Headwater</h1>
        <Faces people={page.people.value} />
        <label class="name">
          <span class="visually-hidden">Your name</span>
          <input
            value={page.name.value}
            maxLength={32}
            title="Your name, for the others"
            onChange={({ currentTarget }) => page.rename(currentTarget.value.trim() || page.name.value)}
          />
        </label>
        <ThemeButton />
      </header>
      <main class="desk">
        <StatusLine page={page} />
        <SharedEditor page={page} />
      </main>
      <aside class="side" aria-label="About this server">
        <DocumentsCard documents={documents} />
        <ConnectCard url={page.socketUrl} />
      </aside>
    </div>
  );
}

/** The list is read again whenever something was saved here, and when somebody comes back to this window. */
function keepUpToDate(page: SharedPage, documents: DocumentList): () => void {
  const refresh = (): void => void documents.refresh();
  const stop = effect(() => {
    if (page.isSaved.value && page.status.value === 'connected') refresh();
  });
  refresh();
  window.addEventListener('focus', refresh);
  return () => {
    stop();
    window.removeEventListener('focus', refresh);
  };
}
