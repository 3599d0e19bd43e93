/** Where this package lies. Its files are found from here: the command is bundled, and no module of it is where it was written. */
export const PACKAGE_DIRECTORY = new URL('.', import.meta.resolve('@headwater/server/package.json'));
