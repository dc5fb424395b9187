let applications = 0;

/**
 * Under which names an application's strategies are known to passport, whose table is one for the whole process: with fixed
 * names, a second application in it would judge the tokens of the first.
 */
export class StrategyNames {
  readonly jwt: string;
  readonly clientToken: string;

  constructor() {
    const number = ++applications;
    this.jwt = `jwt-${number}`;
    this.clientToken = `client-token-${number}`;
  }
}
