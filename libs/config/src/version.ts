/** The one version of every package, program, image and document of CAP; a test compares it with every package.json. */
export const VERSION = '0.1.0';
