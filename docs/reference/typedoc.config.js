import { readFileSync } from 'node:fs';

const client = new URL('../../client-sdk/', import.meta.url);
const { exports } = JSON.parse(readFileSync(new URL('package.json', client), 'utf8'));
const doors = Object.values(exports).flatMap((door) => door.default ?? []);

/** @type {Partial<import('typedoc').TypeDocOptions>} */
export default {
  name: '@headwater/client',
  entryPoints: doors.map((built) => new URL(built.replace('dist', 'src').replace(/js$/, 'ts'), client).pathname),
  tsconfig: new URL('tsconfig.json', client).pathname,
  readme: new URL('README.md', client).pathname,
  out: 'pages',
  excludeExternals: true,
  skipErrorChecking: true, // the compiler of the repository did that
  disableSources: true, // they would have the commit in them, and be other pages with every commit
  treatWarningsAsErrors: true,
  validation: { notExported: true, invalidLink: true, notDocumented: true },
  // Properties may be said by their names.
  requiredToBeDocumented: ['Class', 'Interface', 'TypeAlias', 'Function', 'Method', 'Accessor', 'Variable'],
};
