import { Controller, Get, Header, type INestApplication } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import { JSON_MEDIA_TYPE, openApiDocument, Produces, Public } from '@cap/service-kit';
import { z } from 'zod';
import { VERIFIER_API } from './description.js';
import { documentationPage, PAGE_POLICY } from './page.js';

/** What this API can do, for programs and for people. */
@Public()
@ApiTags('documentation')
@Controller()
export class OpenApiController {
  #document = Buffer.alloc(0);
  #page = '';

  /** Makes both of all controllers of the application, once they are there. */
  describe(app: INestApplication): void {
    const document = openApiDocument(app, VERIFIER_API);
    this.#document = Buffer.from(JSON.stringify(document));
    this.#page = documentationPage(document);
  }

  @Get('openapi.json')
  @Produces(JSON_MEDIA_TYPE)
  @ApiOperation({ summary: 'This document' })
  @ApiOkResponse({ description: 'OpenAPI 3.1', standardSchema: z.looseObject({}) })
  document(): Buffer {
    return this.#document;
  }

  @Get('docs')
  @Produces('text/html; charset=utf-8')
  @ApiOperation({ summary: 'This document as a page to read' })
  @ApiProduces('text/html')
  @ApiOkResponse({ description: 'HTML', standardSchema: z.string() })
  @Header('content-security-policy', PAGE_POLICY)
  page(): string {
    return this.#page;
  }
}
