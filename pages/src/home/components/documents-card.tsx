import { TokenForm } from '../../shared/token-form.tsx';
import type { DocumentList, Listing, StoredDocument } from '../document-list.ts';

/** What is stored, with the way to each document and its past. */
export function DocumentsCard({ documents }: { readonly documents: DocumentList }) {
  return (
    <section class="card" aria-labelledby="documents">
      <h2 id="documents">Documents</h2>
      <Listed listing={documents.listing.value} refresh={() => void documents.refresh()} />
    </section>
  );
}

function Listed({ listing, refresh }: { readonly listing: Listing; readonly refresh: () => void }) {
  switch (listing.kind) {
    case 'loading':
      return <p class="hint">Reading what is stored…</p>;
    case 'token':
      return (
        <>
          <p class="hint">This server asks for a token before it says what it stores.</p>
          <TokenForm isRetry={listing.isRetry} onToken={refresh} />
        </>
      );
    case 'failed':
      return (
        <>
          <p class="problem" role="alert">
            {listing.why}
          </p>
          <button type="button" class="button" onClick={refresh}>
            Try again
          </button>
        </>
      );
    case 'listed':
      if (listing.documents.length === 0)
        return <p class="hint">Nothing yet. Type on the page: it becomes the first.</p>;
      return (
        <>
          <ul class="documents">
            {listing.documents.map((document) => (
              <Row key={document.name} document={document} />
            ))}
          </ul>
          {listing.hasMore && <p class="hint">There are more: headwater documents</p>}
        </>
      );
  }
}

function Row({ document: { name, bytes, updatedMs } }: { readonly document: StoredDocument }) {
  return (
    <li>
      <a href={`./inspect/${encodeURIComponent(name)}`} title={`${name}: the document and its history`}>
        <span class="document-name">{name}</span>
        <span class="facts">
          {agoText(updatedMs)} · {sizeText(bytes)}
        </span>
      </a>
    </li>
  );
}

const RELATIVE = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' });
const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const;

function agoText(timeMs: number): string {
  const agoMs = Date.now() - timeMs;
  const [unit, ms] = UNITS.find(([, unitMs]) => agoMs >= unitMs) ?? [];
  return unit === undefined ? 'just now' : RELATIVE.format(-Math.floor(agoMs / ms), unit);
}

function sizeText(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  return bytes < 1_000_000 ? `${Math.round(bytes / 1_000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
