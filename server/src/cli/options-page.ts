import { OPTION_DESCRIPTIONS, type OptionDescription } from './command-options.ts';

const INTRODUCTION = `<!-- Generated from the options' schema: npm run docs:options -->

# Options

Every option of the server has a default and can be set in four ways; an earlier one beats a later one:

1. a flag of \`headwater serve\`: \`--max-message-bytes 16MiB\`
2. an environment variable: \`HEADWATER_MAX_MESSAGE_BYTES=16MiB\`
3. the config file, a JSON object: \`{ "maxMessageBytes": "16MiB" }\`. It is named by \`--config\` or \`HEADWATER_CONFIG\`;
   without either \`headwater.config.json\` in the working directory is read if it exists. A relative \`data\` in it
   means relative to the file.
4. the default

Code that embeds the server gives the same names to \`createServer\`; \`logLevel\` and \`logFormat\` belong to the command
(\`createServer\` takes a \`logger\`).

Sizes are bytes or carry a unit (\`64KiB\`, \`16MiB\`, \`2GiB\`; \`kB\`, \`MB\` and \`GB\` are decimal), durations are milliseconds or
carry one (\`500ms\`, \`30s\`, \`2m\`, \`1h\`, \`7d\`). A value that cannot be is an error that names its place; so is an unknown flag
and an unknown name in the file. An unknown \`HEADWATER_*\` variable is only warned about, because platforms put variables
of their own into the environment; an empty one counts as unset.
`;

/** The manual page of all options, as `docs/options.md` holds it. */
export function renderOptionsPage(): string {
  return [INTRODUCTION, ...OPTION_DESCRIPTIONS.map(renderOption)].join('\n');
}

function renderOption({ name, flag, variable, description, expected, defaultText }: OptionDescription): string {
  return `## ${name}

${description}

- default: \`${defaultText}\`
- expects ${expected}
- \`${flag}\`, \`${variable}\`
`;
}
