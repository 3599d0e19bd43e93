import '@fontsource-variable/inter/wght.css';
import '@fontsource-variable/jetbrains-mono/wght.css';
import { render } from 'preact';
import { addressOf } from './address.ts';
import { Gate } from './components/gate.tsx';
import '../shared/styles/tokens.css';
import '../shared/styles/base.css';
import '../shared/styles/faces.css';
import '../shared/styles/token-form.css';
import './styles/layout.css';
import './styles/content.css';
import './styles/dock.css';
import './styles/side.css';
import './styles/dialog.css';

const address = addressOf(new URL(location.href));
document.title = `${address.documentName} · Headwater`;
const app = document.querySelector('#app');
if (app !== null) render(<Gate address={address} />, app);
