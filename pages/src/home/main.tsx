import '@fontsource-variable/inter/wght.css';
import '@fontsource-variable/jetbrains-mono/wght.css';
import { render } from 'preact';
import { HomePage } from './components/home-page.tsx';
import { DocumentList } from './document-list.ts';
import { SharedPage } from './shared-page.ts';
import '../shared/styles/tokens.css';
import '../shared/styles/base.css';
import '../shared/styles/faces.css';
import '../shared/styles/token-form.css';
import './styles/home.css';
import './styles/page.css';
import './styles/side.css';

/** The page is at the server's own address, whatever path a proxy gives it. */
const serverUrl = new URL('./', location.href);
const app = document.querySelector('#app');
if (app !== null) render(<HomePage page={new SharedPage(serverUrl)} documents={new DocumentList(serverUrl)} />, app);
