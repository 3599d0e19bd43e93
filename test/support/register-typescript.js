import { register } from 'node:module';

// Lets Node 20 run a TypeScript file of the tests by hand: node --import ./test/support/register-typescript.js FILE
register('./typescript-loader.js', import.meta.url);
