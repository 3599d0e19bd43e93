import { writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { OPTION_DESCRIPTIONS } from '../../server/src/cli/command-options.ts';
import { loadOptions, type OptionSources } from '../../server/src/cli/option-sources.ts';
import { TempDir } from '../support/temp-dir.ts';

const NOWHERE: OptionSources = { flags: {}, env: {}, workingDirectory: '/nonexistent' };

test('a flag beats a variable beats the file beats the default', async () => {
  await using directory = await TempDir.create();
  await writeFile(directory.join('headwater.config.json'), '{ "port": 1, "maxMessageBytes": 11, "crowdSockets": 111 }');
  const sources = {
    flags: { port: '3' },
    env: { HEADWATER_PORT: '2', HEADWATER_MAX_MESSAGE_BYTES: '22' },
    workingDirectory: directory.path,
  };

  const { options } = loadOptions(['port', 'maxMessageBytes', 'crowdSockets', 'workerThreads'], sources);

  expect(options).toEqual({ port: 3, maxMessageBytes: 22, crowdSockets: 111, workerThreads: 1 });
});

test.each(OPTION_DESCRIPTIONS)('$name: $variable is its environment variable', ({ name, variable, defaultText }) => {
  const unset = loadOptions([name], NOWHERE).options;

  expect(loadOptions([name], { ...NOWHERE, env: { [variable]: defaultText } }).options).toEqual(unset);
  expect(() => loadOptions([name], { ...NOWHERE, env: { [variable]: '' } })).not.toThrow();
});

test('sizes and durations are understood from all three places', async () => {
  await using directory = await TempDir.create();
  await writeFile(directory.join('headwater.config.json'), '{ "maxMessageBytes": "1MiB" }');
  const sources = {
    flags: { maxQueuedBytes: '2MiB' },
    env: { HEADWATER_UNLOAD_AFTER_MS: '1m' },
    workingDirectory: directory.path,
  };

  const { options } = loadOptions(['maxMessageBytes', 'maxQueuedBytes', 'unloadAfterMs'], sources);

  expect(options).toEqual({ maxMessageBytes: 1_048_576, maxQueuedBytes: 2_097_152, unloadAfterMs: 60_000 });
});

test('every bad value has a line that names its place and what was expected', async () => {
  await using directory = await TempDir.create();
  await writeFile(directory.join('conf.json'), '{ "logLevel": "loud", "prot": 1, "host": 7 }');
  const sources = {
    flags: { port: '70000' },
    env: { HEADWATER_CONFIG: 'conf.json', HEADWATER_MAX_MESSAGE_BYTES: '16MB!' },
    workingDirectory: directory.path,
  };

  expect(() => loadOptions(['port', 'host', 'maxMessageBytes', 'logLevel'], sources)).toThrow(
    [
      'config file conf.json: unknown option prot (did you mean port?)',
      '--port: expected a whole number, 0 to 65535, got "70000"',
      'host in config file conf.json: expected a host name or an address, got 7',
      'HEADWATER_MAX_MESSAGE_BYTES: expected bytes or a size like 64KiB, 16MiB, at least 1, got "16MB!"',
      'logLevel in config file conf.json: expected one of debug, info, warn, error, fatal, got "loud"',
    ].join('\n'),
  );
});

test.each(['clusterSecret', 'apiToken'] as const)('a bad %s is refused without being shown', async (name) => {
  await using directory = await TempDir.create();
  await writeFile(directory.join('headwater.config.json'), JSON.stringify({ [name]: 'two words' }));
  const expected = 'expected visible ASCII characters; empty: none';

  expect(() => loadOptions([name], { ...NOWHERE, flags: { [name]: 'two words' } })).toThrow(
    new RegExp(`^--[a-z-]+: ${expected}$`),
  );
  expect(() => loadOptions([name], { ...NOWHERE, workingDirectory: directory.path })).toThrow(
    new RegExp(`^${name} in config file headwater\\.config\\.json: ${expected}$`),
  );
});

test.each([
  ['[1]', 'expected a JSON object of options'],
  ['{ port: 1 }', 'not valid JSON'],
])('a config file holding %s is refused: %s', async (content, complaint) => {
  await using directory = await TempDir.create();
  await writeFile(directory.join('conf.json'), content);

  expect(() =>
    loadOptions(['port'], { flags: { config: 'conf.json' }, env: {}, workingDirectory: directory.path }),
  ).toThrow(`config file conf.json: ${complaint}`);
});

test('a config file that was named must exist', () => {
  expect(() => loadOptions(['port'], { ...NOWHERE, flags: { config: 'conf.json' } })).toThrow(
    'config file conf.json: no such file',
  );
});

test('a relative data directory in the file means relative to the file', async () => {
  await using directory = await TempDir.create();
  await writeFile(directory.join('conf.json'), '{ "data": "documents" }');

  const { options } = loadOptions(['data'], { ...NOWHERE, flags: { config: directory.join('conf.json') } });

  expect(options.data).toBe(directory.join('documents'));
});

test('an unknown variable is warned about, with the nearest known one', () => {
  const { warnings } = loadOptions(['port'], { ...NOWHERE, env: { HEADWATER_PROT: '1', HEADWATER_QUITE_ELSE: '1' } });

  expect(warnings).toEqual([
    'HEADWATER_PROT: unknown variable, ignored (did you mean HEADWATER_PORT?)',
    'HEADWATER_QUITE_ELSE: unknown variable, ignored',
  ]);
});

test('what Kubernetes puts into the environment for a service named headwater is no mistake', () => {
  const env = {
    HEADWATER_PORT: 'tcp://10.0.0.7:1234',
    HEADWATER_SERVICE_HOST: '10.0.0.7',
    HEADWATER_SERVICE_PORT: '1234',
    HEADWATER_PORT_1234_TCP: 'tcp://10.0.0.7:1234',
    HEADWATER_PORT_1234_TCP_ADDR: '10.0.0.7',
  };

  expect(loadOptions(['port'], { ...NOWHERE, env })).toEqual({ options: { port: 1234 }, warnings: [] });
});
