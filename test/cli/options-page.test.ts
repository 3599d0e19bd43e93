import { expect, test } from 'vitest';
import { renderOptionsPage } from '../../server/src/cli/options-page.ts';
import { REPOSITORY } from '../support/repository.ts';

test('docs/options.md is what the schema says (npm run docs:options writes it)', async () => {
  await expect(renderOptionsPage()).toMatchFileSnapshot(`${REPOSITORY}/docs/options.md`);
});
