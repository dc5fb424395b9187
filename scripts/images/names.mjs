/** The images: each name is both the target in docker/Dockerfile and the program in the image. */
export const IMAGES = ['cap-verifier-api', 'cap-registry', 'cap-backup-worker'];
/** Where they are published; by default a host name that nobody can own. */
export const REPOSITORY = process.env.CAP_IMAGE_REPOSITORY ?? 'registry.example.com';
