/**
 * @cap/tlog/notes: Signed notes of C2SP and their keys, for those who sign or cosign: the registry and a witness.
 */
export { formatVerifierKey, type NoteKeyType, parseVerifierKey, verifierKey, type VerifierKey } from './note-keys.js';
export { cosignText, signNoteText } from './note-signatures.js';
export { formatNote, type Note, withSignature } from './note.js';
