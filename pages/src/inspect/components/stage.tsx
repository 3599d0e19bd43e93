import { useComputed, useSignalEffect } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useMemo } from 'preact/hooks';
import { AuthorPaint } from '../content/author-paint.ts';
import type { DocumentContent, View } from '../content/document-content.ts';
import { whenText } from '../format.ts';
import type { Inspector } from '../inspector.ts';
import type { Author } from '../timeline/authors.ts';
import { TextView } from './text-view.tsx';
import { TreeView } from './tree-view.tsx';
import { XmlView } from './xml-view.tsx';

const VIEWS: readonly { readonly view: View; readonly label: string }[] = [
  { view: 'text', label: 'Text' },
  { view: 'json', label: 'JSON' },
  { view: 'xml', label: 'XML' },
];

/** How long a moment has to stay before its authors are asked for. */
const PAINT_DELAY_MS = 250;

const REFUSED = 'The server lets only known users into the live document. Its past is here: step back to see it.';

/** The document. */
export function Stage({ inspector }: { readonly inspector: Inspector }) {
  const paint = useMemo(() => new AuthorPaint(), []);
  usePaint(inspector, paint);
  useSignalEffect(() => {
    void inspector.frame.value;
    requestAnimationFrame(() => inspector.shown());
  });
  const writer = useComputed(() => writerOf(inspector));
  const content = inspector.content.value;
  return (
    <main class="stage-area" aria-label="Document">
      <div class="stage-bar">
        <Tabs inspector={inspector} />
        <label class="switch">
          <input
            type="checkbox"
            role="switch"
            checked={inspector.showsAuthors.value}
            disabled={inspector.view.value !== 'text'}
            onChange={({ currentTarget }) => {
              inspector.showsAuthors.value = currentTarget.checked;
            }}
          />
          Authors
        </label>
        <AsOf inspector={inspector} />
      </div>
      <div class="stage" tabIndex={0} role="region" aria-label="Content of the document">
        <Problem inspector={inspector} />
        {content === undefined ? (
          <p class="empty">{inspector.live.isRefused.value ? REFUSED : 'Loading…'}</p>
        ) : (
          <Content content={content} writer={writer.value} paint={paint} />
        )}
      </div>
    </main>
  );
}

function Tabs({ inspector }: { readonly inspector: Inspector }) {
  return (
    <fieldset class="tabs" role="radiogroup" aria-label="View">
      {VIEWS.map(({ view, label }) => (
        <label key={view} class="tab">
          <input
            type="radio"
            name="view"
            value={view}
            checked={inspector.view.value === view}
            onChange={() => inspector.look(view)}
          />
          {label}
        </label>
      ))}
    </fieldset>
  );
}

function AsOf({ inspector }: { readonly inspector: Inspector }) {
  if (inspector.position.value === 'live') {
    return (
      <p class="as-of">
        <span class="live-dot" data-connected={inspector.live.isConnected.value} /> As it is now
      </p>
    );
  }
  const moment = inspector.moment.value;
  const timeMs = inspector.facts.value?.timeMs ?? inspector.scale.value?.timeOf(moment);
  return <p class="as-of">{timeMs === undefined ? 'The empty document' : `As it was on ${whenText(timeMs)}`}</p>;
}

function Problem({ inspector }: { readonly inspector: Inspector }) {
  const problem = inspector.problem.value;
  if (problem === undefined) return null;
  return (
    <p class="problem" role="alert">
      {problem.message} {problem.code !== undefined && <code>{problem.code}</code>}
    </p>
  );
}

interface ContentProps {
  readonly content: DocumentContent;
  readonly writer: Author | undefined;
  readonly paint: AuthorPaint;
}

function Content({ content, writer, paint }: ContentProps) {
  if (content.view === 'json') {
    const isEmpty = content.root.kind === 'branch' && content.root.entries.length === 0;
    return isEmpty ? <Empty>The document is empty here.</Empty> : <TreeView node={content.root} />;
  }
  if (content.view === 'xml') {
    const { roots } = content;
    if (roots.length === 0) return <Empty>Nothing here is XML.</Empty>;
    return roots.map((root) => <XmlView key={root.name} root={root} isOnly={roots.length === 1} />);
  }
  const { roots } = content;
  if (roots.length === 0) return <Empty>Nothing here is text.</Empty>;
  return roots.map((root) => (
    <TextView key={root.name} root={root} isOnly={roots.length === 1} writer={writer} paint={paint} />
  ));
}

function Empty({ children }: { readonly children: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}

/** Who made the change that is shown: known where one moment is shown, and not in the present. */
function writerOf(inspector: Inspector): Author | undefined {
  const [author] = inspector.facts.value?.authors ?? [];
  return inspector.authors.value.find(({ id }) => id === author);
}

/** Colours the text by author, once it has stood still for a moment. */
function usePaint(inspector: Inspector, paint: AuthorPaint): void {
  useSignalEffect(() => {
    paint.clear();
    const isText = inspector.content.value?.view === 'text';
    const isAtRest = !inspector.isPlaying.value;
    const moment = inspector.moment.value;
    const authors = inspector.authors.value;
    if (!inspector.showsAuthors.value || !isText || !isAtRest) return undefined;
    let isStale = false;
    const timer = setTimeout(() => {
      inspector
        .blame(moment)
        .then((blames) => {
          if (!isStale) paint.paint(blames, authors);
        })
        .catch(() => {}); // the text is there all the same
    }, PAINT_DELAY_MS);
    return () => {
      isStale = true;
      clearTimeout(timer);
    };
  });
}
