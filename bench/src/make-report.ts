import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makePage } from './report/page.ts';
import { readProfile } from './report/profiles.ts';
import { readResults } from './report/results.ts';
import { SUITES } from './suites/suites.ts';

/** `npm run bench:report`: makes `docs/benchmarks.md` and its pictures of the latest results. */
const RESULTS = fileURLToPath(new URL('../results/', import.meta.url));
const DOCS = fileURLToPath(new URL('../../docs/', import.meta.url));
const PICTURES = 'pictures/benchmarks';

const answers = SUITES.flatMap(({ name, question }) => {
  const report = readResults(RESULTS, name);
  return report ? [{ question, report, profile: readProfile(RESULTS, name) }] : [];
});
const { markdown, pictures } = makePage(answers, PICTURES);
writeFileSync(join(DOCS, 'benchmarks.md'), markdown);
mkdirSync(join(DOCS, PICTURES), { recursive: true });
for (const [name, svg] of pictures) writeFileSync(join(DOCS, PICTURES, name), svg);
console.log(`docs/benchmarks.md of ${answers.length} suites, ${pictures.size} pictures`);
