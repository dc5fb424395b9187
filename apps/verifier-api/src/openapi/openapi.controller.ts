import { Controller, Get, Header } from '@nestjs/common';
import { JSON_MEDIA_TYPE, Produces, Public } from '@cap/service-kit';
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
  @Produces(JSON_MEDIA_TYPE)
  document(): Buffer {
    return this.#document;
  }

  @Get('docs')
  @Produces('text/html; charset=utf-8')
  @Header('content-security-policy', PAGE_POLICY)
  page(): string {
    return this.#page;
  }
}
