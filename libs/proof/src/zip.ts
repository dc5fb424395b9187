/**
 * @cap/proof/zip: Our zip: nothing in it that two readers could take differently, and limits on what it unpacks to.
 */
export { withFileSource } from './bundle/byte-source.js';
export { nameFault } from './bundle/entry-name.js';
export { unpack, unpackStreaming } from './bundle/zip-content.js';
export { readZipDirectory } from './bundle/zip-directory.js';
export { writeZip } from './bundle/zip-writer.js';
