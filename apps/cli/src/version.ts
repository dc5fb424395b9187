/** The project's one version number; a test compares it with package.json. */
export const VERSION = '0.1.0';
