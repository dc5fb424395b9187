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
  #app: INestApplication | undefined;
  #answers: { readonly document: Buffer; readonly page: string } | undefined;

  /** What is described: all controllers of the application, once somebody asks. Most instances are never asked. */
  describe(app: INestApplication): void {
    this.#app = app;
  }

  @Get('openapi.json')
  @Produces(JSON_MEDIA_TYPE)
  @ApiOperation({ summary: 'This document' })
  @ApiOkResponse({ description: 'OpenAPI 3.1', standardSchema: z.looseObject({}) })
  document(): Buffer {
    return this.#described().document;
  }

  @Get('docs')
  @Produces('text/html; charset=utf-8')
  @ApiOperation({ summary: 'This document as a page to read' })
  @ApiProduces('text/html')
  @ApiOkResponse({ description: 'HTML', standardSchema: z.string() })
  @Header('content-security-policy', PAGE_POLICY)
  page(): string {
    return this.#described().page;
  }

  #described() {
    if (!this.#answers) {
      const document = openApiDocument(this.#app!, VERIFIER_API);
      this.#answers = { document: Buffer.from(JSON.stringify(document)), page: documentationPage(document) };
    }
    return this.#answers;
  }
}
