import { Controller, Get, Header } from '@nestjs/common';
import { Public } from '@cap/service-kit';
import { openApiDocument } from './document.js';
import { documentationPage, PAGE_POLICY } from './page.js';

/** What this API can do, for programs and for people. */
@Public()
@Controller()
export class OpenApiController {
  readonly #document: Buffer;
  readonly #page: string;

  constructor() {
    const document = openApiDocument();
    this.#document = Buffer.from(JSON.stringify(document));
    this.#page = documentationPage(document);
  }

  @Get('openapi.json')
  @Header('content-type', 'application/json; charset=utf-8')
  document(): Buffer {
    return this.#document;
  }

  @Get('docs')
  @Header('content-type', 'text/html; charset=utf-8')
  @Header('content-security-policy', PAGE_POLICY)
  page(): string {
    return this.#page;
  }
}
