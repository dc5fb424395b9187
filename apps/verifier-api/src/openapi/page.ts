import { createHash } from 'node:crypto';
import type { JsonSchema, OpenApiDocument, Operation, Parameter, Response } from '@cap/service-kit';
import { shape } from './shape.js';

const STYLE = `
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem}
h2{margin-top:3rem;border-bottom:1px solid #8886}h3{margin-top:2.5rem}
code,pre{font:14px/1.45 ui-monospace,monospace}
pre{overflow-x:auto;padding:.6rem;border:1px solid #8886;border-radius:4px}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.25rem .8rem .25rem 0;border-bottom:1px solid #8883}
`;

/** Nothing is loaded and nothing runs: the page is its text and this one style. */
export const PAGE_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escape = (text: string): string => text.replaceAll(/[&<>"]/gu, (sign) => ESCAPES[sign]!);
const code = (text: string): string => `<code>${escape(text)}</code>`;
const paragraph = (text: string | undefined): string => (text === undefined ? '' : `<p>${escape(text)}</p>`);
const table = (heads: string[], rows: string[][]): string =>
  rows.length === 0
    ? ''
    : `<table><tr>${heads.map((head) => `<th scope="col">${head}</th>`).join('')}</tr>${rows
        .map((row) => `<tr>${row.map((cell) => `<td>${cell}</td>`).join('')}</tr>`)
        .join('')}</table>`;

/** A schema's shape; a named one links to its section. */
function shown(schema: JsonSchema): string {
  const text = shape(schema);
  if ('$ref' in schema) return `<a href="#${text}">${code(text)}</a>`;
  return text.includes('\n') ? `<pre>${escape(text)}</pre>` : code(text);
}

function contents(content: Record<string, { schema: JsonSchema }>): string {
  return Object.entries(content)
    .map(
      ([type, { schema }]) => `${code(type)} ${'allOf' in schema ? '<a href="#Problem">Problem</a>' : shown(schema)}`,
    )
    .join('<br>');
}

function access({ security, 'x-more-scopes': more }: Operation): string {
  const scopes = Object.values(security[0] ?? {}).flat();
  if (scopes.length === 0) return 'no token';
  const besides = more
    ? `; if ${escape(more.when)} ${more.instead ? 'instead' : 'also'} ${more.scopes.map(code).join(' ')}`
    : '';
  return `scope ${scopes.map(code).join(' ')}${besides}`;
}

const parameterRow = ({ name, in: place, required, description = '', schema }: Parameter): string[] => [
  code(name),
  `${place}${required ? '' : ', optional'}`,
  [shown(schema), escape(description)].filter(Boolean).join('<br>'),
];
const responseRow = ([status, { description, headers = {}, content = {} }]: [string, Response]): string[] => [
  status,
  [
    escape(description),
    ...Object.entries(headers).map(([name, says]) => `header ${code(name)}: ${escape(says.description)}`),
  ].join('<br>'),
  contents(content),
];

const anchor = (id: string): string => `id="${escape(id)}"`;

function section(path: string, method: string, operation: Operation): string {
  const { operationId, summary, description, parameters, requestBody, responses } = operation;
  return [
    `<h3 ${anchor(operationId)}>${code(`${method.toUpperCase()} ${path}`)}</h3>`,
    paragraph(`${summary}.`),
    paragraph(description),
    `<p>Access: ${access(operation)}</p>`,
    table(['Parameter', 'Where', 'What'], parameters.map(parameterRow)),
    requestBody ? `<p>Body: ${contents(requestBody.content)}</p>` : '',
    table(['Status', 'When', 'Content'], Object.entries(responses).map(responseRow)),
  ].join('\n');
}

/** The document as one page of HTML that needs nothing else. */
export function documentationPage({ info, paths, components, 'x-problems': problems }: OpenApiDocument): string {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const groups = Map.groupBy(operations, ({ operation }) => operation.tags[0]!);
  const index = operations.map(({ path, method, operation }) => [
    `<a href="#${operation.operationId}">${code(`${method.toUpperCase()} ${path}`)}</a>`,
    escape(operation.summary),
    access(operation),
  ]);
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">',
    `<title>${escape(info.title)} ${escape(info.version)}</title><style>${STYLE}</style></head><body>`,
    `<h1>${escape(info.title)} ${escape(info.version)}</h1>`,
    paragraph(info.description),
    '<p>For programs: <a href="openapi.json">openapi.json</a></p>',
    table(['Route', 'What', 'Access'], index),
    ...[...groups].flatMap(([group, own]) => [
      `<h2>${escape(group)}</h2>`,
      ...own.map(({ path, method, operation }) => section(path, method, operation)),
    ]),
    '<h2>schemas</h2>',
    ...Object.entries(components.schemas).map(
      ([name, schema]) =>
        `<h3 ${anchor(name)}>${escape(name)}</h3>${paragraph(schema.description as string | undefined)}<pre>${escape(shape(schema))}</pre>`,
    ),
    '<h2>problems</h2>',
    table(
      ['Code', 'Status'],
      Object.entries(problems).map(([name, status]) => [code(name), String(status)]),
    ),
    '</body></html>\n',
  ].join('\n');
}
