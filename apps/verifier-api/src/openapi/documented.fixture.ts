import type { ClientRequest } from 'node:http';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { Response } from 'supertest';
import { document } from './document.fixture.js';

const ajv = new Ajv2020({
  strict: false,
  allErrors: true,
  formats: {
    date: /^\d{4}-\d\d-\d\d$/,
    'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/,
    uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
    base64: /^[A-Za-z0-9+/]*={0,2}$/,
    binary: true,
  },
}).addSchema(document, 'openapi.json');

const OPERATIONS = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    method,
    path,
    operation,
    expression: new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/gu, '[^/]+')}$`),
  })),
);
/** The most specific first: /policy/compile is no /policy/{id}. */
const BY_PRECISION = OPERATIONS.toSorted((a, b) => a.path.split('{').length - b.path.split('{').length);

/** What was seen of the document so far: `get /policy/{id} 200 application/json`. */
export const seen = new Set<string>();

/** Everything that the document promises besides problems, in the words of `seen`. */
export const promised: readonly string[] = OPERATIONS.flatMap(({ method, path, operation }) =>
  Object.entries(operation.responses).flatMap(([status, { content }]) => {
    const types = content ? Object.keys(content).filter((type) => type !== 'application/problem+json') : ['no body'];
    return types.map((type) => `${method} ${path} ${status} ${type}`);
  }),
);

const validators = new Map<string, ValidateFunction>();
function validator(place: string[]): ValidateFunction {
  const pointer = place.map((part) => part.replaceAll('~', '~0').replaceAll('/', '~1')).join('/');
  let validate = validators.get(pointer);
  if (!validate) validators.set(pointer, (validate = ajv.compile({ $ref: `openapi.json#/${encodeURI(pointer)}` })));
  return validate;
}

/** Throws unless the document knows this answer of this route: its status, media type, code and shape. */
export function assertDocumented(answer: Response): void {
  const { method: verb, path: target } = (answer as unknown as { req: ClientRequest }).req;
  const [method, path] = [verb.toLowerCase(), target.split('?', 1)[0]!];
  const { status } = answer;
  const found = BY_PRECISION.find((each) => each.method === method && each.expression.test(path));
  if (!found) {
    if (['route.unknown', 'method.not-allowed'].includes(answer.body.code)) return;
    throw new Error(`${method} ${path} answers ${status} and is not in the document`);
  }
  const where = `${method} ${found.path} ${status}`;
  const response = found.operation.responses[status];
  if (!response) throw new Error(`${where} is not in the document: ${answer.text}`);
  const type = answer.headers['content-type']?.split(';', 1)[0];
  if (answer.text === '' || type === undefined) {
    if (response.content && status !== 200) throw new Error(`${where}: expected a body`);
    seen.add(`${where} no body`);
    return;
  }
  if (!response.content?.[type]) throw new Error(`${where}: ${type} is not in the document`);
  const validate = validator(['paths', found.path, method, 'responses', String(status), 'content', type, 'schema']);
  if (!validate(type.endsWith('json') ? answer.body : answer.text))
    throw new Error(`${where}: ${ajv.errorsText(validate.errors)}`);
  seen.add(`${where} ${type}`);
}
