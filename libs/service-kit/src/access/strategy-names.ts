let applications = 0;

/**
 * The names under which passport knows an application's strategies. Its table is global to the process: with fixed names, a
 * second application in the process would check the tokens of the first.
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
