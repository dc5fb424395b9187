import { CapError, jcs, type JsonValue } from '@cap/core';
import { parseEnvelope, strictBase64 } from '@cap/crypto';
import { META_FILE, SIGNATURES_FILE, type Bundle, parseMetaJson } from '@cap/proof/bundle';
import { mainFiles } from './inspect.js';

/** A bundle sent as JSON instead of as a zip. */
interface BundleContext {
  /** The manifest as an object (its canonical bytes count) or its bytes in base64. */
  manifest: JsonValue;
  /** proof.capz in base64. */
  proof: string;
  /** The DSSE envelope; its payload is _meta.json. */
  signatures: JsonValue;
}

/**
 * The bundle that a context stands for; bundleId is null. Throws CapError `input`: `request.schema` for a part of the
 * wrong shape, `bundle.unreadable` for a payload that is not JSON.
 */
export function bundleFromContext({ manifest, proof, signatures }: BundleContext): Bundle {
  const { manifestBytes, proofBytes, signatureBytes, metaBytes } = asRequest(() => ({
    manifestBytes: typeof manifest === 'string' ? strictBase64(manifest, 'context.manifest') : jcs(manifest),
    proofBytes: strictBase64(proof, 'context.proof'),
    signatureBytes: jcs(signatures),
    metaBytes: parseEnvelope(signatures).payloadBytes,
  }));
  const meta = parseMetaJson(metaBytes);
  const units = meta !== null && typeof meta === 'object' && !Array.isArray(meta) ? meta.proof_units : null;
  // A context carries one manifest and one proof: other units could not be verified.
  if (Array.isArray(units) && units.length !== 1)
    throw new CapError(
      'request.schema',
      `context: its _meta.json has ${units.length} proof units, a context has exactly one: send the bundle as a zip`,
    );
  const names = mainFiles(meta);
  const files = new Map([
    [META_FILE, metaBytes],
    [names.manifest, manifestBytes],
    [names.proof, proofBytes],
    [SIGNATURES_FILE, signatureBytes],
  ]);
  return { bundleId: null, generation: 'current', files, meta, complete: false };
}

function asRequest<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof CapError) throw new CapError('request.schema', `context: ${cause.message}`, { cause });
    throw cause;
  }
}
