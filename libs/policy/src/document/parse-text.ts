import { parseJson, type JsonObject } from '@cap/crypto';
import { isMap, isScalar, parseDocument, visit } from 'yaml';
import { policyInvalid } from './fault.js';
import { plainCopy } from './json-document.js';
import { refuseDuplicateMembers } from './duplicate-members.js';

/** A policy is a page of text. */
const MAX_BYTES = 1_000_000;

/**
 * Reads a policy (or its test cases) from JSON or YAML 1.2 (core schema: no aliases, tags, directives or duplicate keys).
 * By the name's ending, else by the first character. Throws CapError `input` / `policy.invalid` with line and column.
 */
export function parsePolicyText(bytes: Uint8Array, name: string): JsonObject {
  if (bytes.length > MAX_BYTES) throw policyInvalid(`${name}: longer than ${MAX_BYTES} bytes`);
  const withoutMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
  return plainCopy(isJson(withoutMark, name) ? fromJson(withoutMark, name) : fromYaml(withoutMark, name), name);
}

function isJson(bytes: Uint8Array, name: string): boolean {
  if (/\.json$/i.test(name)) return true;
  if (/\.ya?ml$/i.test(name)) return false;
  return /^[\t\n\r ]*[{[]/.test(Buffer.from(bytes.subarray(0, 1_000)).toString('latin1'));
}

function fromJson(bytes: Uint8Array, name: string): unknown {
  let value;
  try {
    value = parseJson(bytes, name);
  } catch (cause) {
    throw policyInvalid((cause as Error).message, cause);
  }
  refuseDuplicateMembers(Buffer.from(bytes).toString('utf8'), name);
  return value;
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true });

function fromYaml(bytes: Uint8Array, name: string): unknown {
  let text: string;
  try {
    text = strictUtf8.decode(bytes);
  } catch (cause) {
    throw policyInvalid(`${name}: not UTF-8`, cause);
  }
  try {
    const document = parseDocument(text, { version: '1.2', schema: 'core', merge: false, uniqueKeys: true });
    const [fault] = [...document.errors, ...document.warnings];
    if (fault) throw fault;
    if (document.directives?.yaml.explicit || Object.keys(document.directives?.tags ?? {}).length > 1)
      throw new Error('a YAML directive');
    visit(document, {
      Alias: () => {
        throw new Error('an alias (*name); write the value out');
      },
      Pair: (_, { key }) => {
        if (!isScalar(key) || typeof key.value !== 'string') throw new Error('a member name that is no string');
      },
      Node: (_, node) => {
        if (node.tag !== undefined) throw new Error(`the tag ${node.tag}`);
      },
    });
    return isMap(document.contents) ? document.toJS({ maxAliasCount: 0 }) : undefined;
  } catch (cause) {
    // A RangeError of text that is nested too deeply comes here too.
    throw policyInvalid(`${name}: ${(cause as Error).message.trim()}`, cause);
  }
}
