/** The images: the name of each is the target of docker/Dockerfile that it is built from, and the program in it. */
export const IMAGES = ['cap-verifier-api', 'cap-registry', 'cap-backup-worker'];
/** Where they are published; until somebody sets theirs, a name that nobody can own. */
export const REPOSITORY = process.env.CAP_IMAGE_REPOSITORY ?? 'registry.example.com';
