import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fillInCapacity } from './report/capacity.ts';
import { makePage } from './report/page.ts';
import { readProfile } from './report/profiles.ts';
import { readResults } from './report/results.ts';
import { SUITES } from './suites/suites.ts';

/** `npm run bench:report`: makes `docs/benchmarks.md`, its pictures and the figures of `docs/deployment.md` of the latest results. */
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
const deployment = join(DOCS, 'deployment.md');
const reports = answers.map(({ report }) => report);
writeFileSync(deployment, fillInCapacity(readFileSync(deployment, 'utf8'), reports));
console.log(`docs/benchmarks.md of ${answers.length} suites, ${pictures.size} pictures`);
