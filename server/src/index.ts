export { type ServerOptions } from './options.ts';
