import { DOCUMENT, type SharedPage } from '../shared-page.ts';

/** Above the page: whether it is safe what was typed, and where a second person comes from. */
export function StatusLine({ page }: { readonly page: SharedPage }) {
  const { status, unsavedChanges, refusal } = page;
  return (
    <div class="status-line">
      <h2 class="document-name">{DOCUMENT}</h2>
      <p class="saved" role="status" data-saved={page.isSaved.value} data-status={status.value}>
        <span class="live-dot" data-connected={status.value === 'connected'} />
        {saidOf(status.value, unsavedChanges.value)}
      </p>
      <a class="button" href={`./inspect/${DOCUMENT}`}>
        History
      </a>
      <a class="button is-primary" href={location.href} target="_blank" rel="noopener">
        Open a second window
      </a>
      {refusal.value !== undefined && (
        <p class="problem" role="alert">
          {refusal.value}
        </p>
      )}
    </div>
  );
}

function saidOf(status: SharedPage['status']['value'], unsavedChanges: number): string {
  const changes = `${unsavedChanges} ${unsavedChanges === 1 ? 'change' : 'changes'}`;
  switch (status) {
    case 'connected':
      return unsavedChanges === 0 ? 'Saved' : `Saving ${changes}…`;
    case 'connecting':
    case 'disconnected':
      return unsavedChanges === 0 ? 'Connecting…' : `Not connected: ${changes} to save`;
    case 'denied':
      return 'Not let in';
  }
}
