/** Checks documents against the Kubernetes types with the TypeScript compiler, which reports a wrong, missing or unknown field. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import ts from 'typescript';
import { root } from '../../../scripts/setup.mjs';

const OTHERS = ['cert-manager.io', 'monitoring.coreos.com', 'gateway.networking.k8s.io'];

function moduleOf(apiVersion) {
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['core', apiVersion];
  if (OTHERS.includes(group)) return path.join(root, 'deploy/test/kubernetes/other-kinds');
  return `kubernetes-types/${group.replace(/\.k8s\.io$/, '')}/${version}`;
}

const nameOf = ({ kind, metadata }) => `${kind} ${metadata?.name}`;

/** For each list of documents, the compiler's errors, each with the kind and name of its document. */
export function typeFaults(...lists) {
  const directory = mkdtempSync(path.join(tmpdir(), 'cap-typed-'));
  try {
    const names = new Map();
    const written = lists.map((documents, list) =>
      documents.map((document, at) => {
        const file = path.join(directory, `${list}-${at}.ts`);
        names.set(file, nameOf(document));
        const source = `import type { ${document.kind} } from ${JSON.stringify(moduleOf(document.apiVersion))};`;
        writeFileSync(file, `${source}\nexport const it: ${document.kind} = ${JSON.stringify(document, null, 1)};\n`);
        return file;
      }),
    );
    const program = ts.createProgram(written.flat(), {
      strict: true,
      noEmit: true,
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      skipLibCheck: true,
      types: [],
      paths: { 'kubernetes-types/*': [path.join(root, 'node_modules/kubernetes-types/*')] },
    });
    return written.map((files) =>
      files.flatMap((file) =>
        ts
          .getPreEmitDiagnostics(program, program.getSourceFile(file))
          .map(({ messageText }) => `${names.get(file)}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`),
      ),
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
}
