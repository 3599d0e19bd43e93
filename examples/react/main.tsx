import { HeadwaterDocument } from '@headwater/client/react';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { documentName, myName, serverUrl } from '../shared/place.ts';
import { Notes } from './notes.tsx';
import { Status } from './status.tsx';
import '../shared/page.css';
import './react.css';

createRoot(document.querySelector('#app') as HTMLElement).render(
  <StrictMode>
    <HeadwaterDocument url={serverUrl} name={documentName('react')} user={{ name: myName() }}>
      <Status />
      <Notes />
    </HeadwaterDocument>
  </StrictMode>,
);
