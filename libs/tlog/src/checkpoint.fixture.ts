import { type Checkpoint, formatCheckpointText } from './checkpoint.js';
import { type NoteSigner, signNoteText } from './note-signatures.js';
import { formatNote } from './note.js';

/** The checkpoint signed by the log, which signs under the name of the origin as c2sp.org/tlog-checkpoint asks. */
export function signCheckpoint(checkpoint: Checkpoint, privateKey: NoteSigner['privateKey']): string {
  const text = formatCheckpointText(checkpoint);
  return formatNote({ text, signatures: [signNoteText(text, { name: checkpoint.origin, privateKey })] });
}
