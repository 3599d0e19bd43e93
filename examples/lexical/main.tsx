import { HeadwaterProvider } from '@headwater/client';
import { LexicalCollaboration } from '@lexical/react/LexicalCollaborationContext';
import { CollaborationPlugin } from '@lexical/react/LexicalCollaborationPlugin';
import { LexicalComposer } from '@lexical/react/LexicalComposer';
import { ContentEditable } from '@lexical/react/LexicalContentEditable';
import { LexicalErrorBoundary } from '@lexical/react/LexicalErrorBoundary';
import { RichTextPlugin } from '@lexical/react/LexicalRichTextPlugin';
import { HeadingNode, QuoteNode } from '@lexical/rich-text';
import type { Provider } from '@lexical/yjs';
import { createRoot } from 'react-dom/client';
import type * as Y from 'yjs';
import { documentName, myName, serverUrl } from '../shared/place.ts';
import { showStatus } from '../shared/show-status.ts';
import { lexicalProvider } from './lexical-provider.ts';
import './lexical.css';

/** Lexical asks for its provider when it is ready for one, and connects it itself. */
function makeProvider(name: string, documents: Map<string, Y.Doc>): Provider {
  const provider = new HeadwaterProvider({ url: serverUrl, name, connect: false });
  documents.set(name, provider.document);
  showStatus(provider);
  return lexicalProvider(provider);
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
