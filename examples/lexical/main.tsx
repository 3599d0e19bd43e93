import { LexicalCollaboration } from '@lexical/react/LexicalCollaborationContext';
import { CollaborationPlugin } from '@lexical/react/LexicalCollaborationPlugin';
import { LexicalComposer } from '@lexical/react/LexicalComposer';
import { ContentEditable } from '@lexical/react/LexicalContentEditable';
import { LexicalErrorBoundary } from '@lexical/react/LexicalErrorBoundary';
import { RichTextPlugin } from '@lexical/react/LexicalRichTextPlugin';
import { HeadingNode, QuoteNode } from '@lexical/rich-text';
import type { Provider } from '@lexical/yjs';
import { createRoot } from 'react-dom/client';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import { documentName, myName, serverUrl } from '../shared/place.ts';
import { StatusBar } from '../shared/status-bar.ts';
import './lexical.css';

/** Lexical makes its provider when it is ready for it, and connects it itself. */
function makeProvider(id: string, documents: Map<string, Y.Doc>): Provider {
  const document = new Y.Doc();
  documents.set(id, document);
  const provider = new WebsocketProvider(serverUrl, id, document, { connect: false });
  const bar = new StatusBar({
    awareness: provider.awareness,
    connect: () => provider.connect(),
    disconnect: () => provider.disconnect(),
  });
  provider.on('status', ({ status }) => bar.connection(status));
  return provider as unknown as Provider;
}

function Page() {
  return (
    <LexicalCollaboration>
      <LexicalComposer
        initialConfig={{
          namespace: 'example',
          editorState: null, // the document's content is the server's
          nodes: [HeadingNode, QuoteNode],
          theme: { collaboration: { cursor: 'caret', cursorName: 'caret-name' } },
          onError: (error) => {
            throw error;
          },
        }}
      >
        <RichTextPlugin contentEditable={<ContentEditable aria-label="Text" />} ErrorBoundary={LexicalErrorBoundary} />
        <CollaborationPlugin
          id={documentName('lexical')}
          providerFactory={makeProvider}
          shouldBootstrap={false}
          username={myName()}
          cursorColor="#0f766e"
        />
      </LexicalComposer>
    </LexicalCollaboration>
  );
}

createRoot(document.querySelector('#editor') as HTMLElement).render(<Page />);
