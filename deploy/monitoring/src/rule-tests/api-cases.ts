import { type Case, type Expected, of, pair, target } from './case.ts';

const verifier = target('cap-verifier');
const { environment, instance } = verifier;
const HOURS = 60;
const DAYS = 24 * HOURS;

/** A verifier that serves: [minutes, requests a minute, failures a minute] one after the other. */
function traffic(phases: readonly (readonly [number, number, number])[], more: Case['series'] = {}): Case['series'] {
  const counter = (share: 1 | 2) => {
    let value = 0;
    return phases
      .map((phase) => {
        const [minutes] = phase;
        const step = share === 1 ? phase[1] - phase[2] : phase[2];
        const from = value + step;
        value += step * minutes;
        return `${from}+${step}x${minutes - 1}`;
      })
      .join(' ');
  };
  const minutes = phases.reduce((sum, [length]) => sum + length, 0);
  return {
    [of('cap-verifier', 'up')]: `1x${minutes}`,
    [of('cap-verifier', 'cap_ready', { check: 'oauth-keys' })]: `1x${minutes}`,
    [of('cap-verifier', 'cap_http_requests_total', { method: 'POST', route: '/verify', status: '200' })]: counter(1),
    [of('cap-verifier', 'cap_http_requests_total', { method: 'POST', route: '/verify', status: '503' })]: counter(2),
    ...more,
  };
}

const burn = (window: string, severity: string, factor: string): Expected => ({
  labels: { severity, environment, window },
  summary: 'The public API in production fails too often',
  description: `Over the last ${window} the public API in production has spent its error budget ${factor} times as fast as the objective allows.`,
});

/** With less than six hours known all longer windows are those. */
const everyWindow = (hour: string, sixHours: string, day: string, threeDays: string): Expected[] => [
  burn('1h', 'page', hour),
  burn('6h', 'page', sixHours),
  burn('1d', 'ticket', day),
  burn('3d', 'ticket', threeDays),
];

const second = { instance: 'verifier-2:8080' };

const refusals = (perMinute: number) => ({
  [of('cap-verifier', 'cap_http_requests_total', { method: 'POST', route: '/verify', status: '401' })]:
    `0+${perMinute}x200`,
  [of('cap-verifier', 'cap_auth_token_validation_failures_total')]: `0+${perMinute}x200`,
});

const verdicts = (slow: number): Case['series'] =>
  Object.fromEntries(
    [
      ['1', 100 - slow],
      ['2.5', 100 - slow],
      ['5', 100],
      ['+Inf', 100],
    ].map(([le, step]) => [
      of('cap-verifier', 'cap_verifier_request_duration_seconds_bucket', { le: String(le) }),
      `0+${step}x60`,
    ]),
  );

export const apiCases: readonly Case[] = [
  ...pair(
    'CapErrorBudgetBurn',
    {
      name: 'for an hour one request in fifty fails',
      series: traffic([
        [DAYS, 100, 0],
        [70, 100, 2],
      ]),
      at: `${DAYS + 69}m`,
      firing: [burn('1h', 'page', '20')],
    },
    {
      name: 'for an hour one request in a hundred fails',
      series: traffic([
        [DAYS, 100, 0],
        [70, 100, 1],
      ]),
      at: `${DAYS + 69}m`,
    },
  ),
  ...pair(
    'CapErrorBudgetBurn',
    {
      name: 'for six hours one request in a hundred fails',
      series: traffic([
        [DAYS, 100, 0],
        [6 * HOURS + 10, 100, 1],
      ]),
      at: `${DAYS + 6 * HOURS + 9}m`,
      // As long as less than three days are known, the longest window is those.
      firing: [burn('6h', 'page', '10'), burn('3d', 'ticket', '2.036')],
    },
    {
      name: 'they failed for six hours and for the last eight no more',
      series: traffic([
        [DAYS, 100, 0],
        [6 * HOURS, 100, 1],
        [8 * HOURS, 100, 0],
      ]),
      at: `${DAYS + 14 * HOURS}m`,
    },
  ),
  ...pair(
    'CapErrorBudgetBurn',
    {
      name: 'for a day one request in 250 fails',
      series: traffic([
        [12 * HOURS, 1000, 0],
        [DAYS + 10, 1000, 4],
      ]),
      at: `${DAYS + 12 * HOURS + 9}m`,
      firing: [burn('1d', 'ticket', '4'), burn('3d', 'ticket', '2.672')],
    },
    {
      name: 'for a day one request in 1 250 fails',
      series: traffic([
        [12 * HOURS, 1250, 0],
        [DAYS + 10, 1250, 1],
      ]),
      at: `${DAYS + 12 * HOURS + 9}m`,
    },
  ),
  ...pair(
    'CapErrorBudgetBurn',
    {
      name: 'for three days one request in 500 fails',
      series: traffic([[3 * DAYS + 10, 500, 1]]),
      at: `${3 * DAYS + 9}m`,
      firing: [burn('3d', 'ticket', '2')],
    },
    {
      name: 'for a day, all that is known, one request in 2 000 fails',
      series: traffic([[DAYS + 10, 2000, 1]]),
      at: `${DAYS + 9}m`,
    },
  ),
  ...pair(
    'CapErrorBudgetBurn',
    {
      name: 'nobody asks, and for ten minutes of the last hour no verifier answers its scrapes',
      series: {
        [of('cap-verifier', 'up')]: `1x${3 * HOURS} 0x20`,
        [of('cap-verifier', 'cap_ready', { check: 'oauth-keys' })]: `1x${3 * HOURS} stale`,
      },
      at: `${3 * HOURS + 10}m`,
      firing: everyWindow('163.9', '52.36', '52.36', '52.36'),
    },
    {
      name: 'nobody asks, the registry is away, and the only verifier is restarted',
      series: {
        [of('cap-verifier', 'up')]: `1x${3 * HOURS} 0 1x20`,
        [of('cap-verifier', 'cap_ready', { check: 'oauth-keys' })]: `1x${3 * HOURS} stale 1x20`,
        [of('cap-verifier', 'cap_ready', { check: 'registry' })]: `0x${3 * HOURS} stale 0x20`,
      },
      at: `${3 * HOURS + 2}m`,
    },
  ),
  ...pair(
    'CapErrorBudgetBurn',
    {
      name: 'the only target of a verifier vanishes',
      series: {
        [of('cap-verifier', 'up')]: `1x${3 * HOURS} stale`,
        [of('cap-verifier', 'cap_ready', { check: 'oauth-keys' })]: `1x${3 * HOURS} stale`,
      },
      at: `${3 * HOURS + 10}m`,
      firing: everyWindow('163.9', '52.36', '52.36', '52.36'),
    },
    {
      name: 'one of two verifiers vanishes',
      series: {
        [of('cap-verifier', 'up')]: `1x${3 * HOURS} stale`,
        [of('cap-verifier', 'cap_ready', { check: 'oauth-keys' })]: `1x${3 * HOURS} stale`,
        [of('cap-verifier', 'up', second)]: `1x${4 * HOURS}`,
        [of('cap-verifier', 'cap_ready', { check: 'oauth-keys', ...second })]: `1x${4 * HOURS}`,
      },
      at: `${3 * HOURS + 10}m`,
    },
  ),
  ...pair(
    'CapErrorBudgetBurn',
    {
      name: 'an outage among ten times as many refused tokens',
      series: traffic(
        [
          [3 * HOURS, 10, 0],
          [70, 10, 0.2],
        ],
        {
          [of('cap-verifier', 'cap_http_requests_total', { method: 'POST', route: '/verify', status: '401' })]:
            `0+100x${3 * HOURS + 70}`,
        },
      ),
      at: `${3 * HOURS + 69}m`,
      firing: [burn('1h', 'page', '20'), burn('1d', 'ticket', '5.488'), burn('3d', 'ticket', '5.488')],
    },
    {
      name: 'four of forty requests of an hour fail',
      series: traffic([
        [3 * HOURS, 1, 0],
        [40, 1, 0.1],
      ]),
      at: `${3 * HOURS + 39}m`,
    },
  ),
  ...pair(
    'CapVerdictsSlow',
    {
      name: 'one verdict in ten takes between 2.5 and 5 seconds',
      series: verdicts(10),
      at: '30m',
      firing: [
        {
          labels: { severity: 'ticket', environment, instance },
          summary: 'Verdicts of verifier-1:8080 are slow',
          description: 'One in twenty verdicts of verifier-1:8080 takes longer than 3.75s.',
        },
      ],
    },
    { name: 'one verdict in fifty does', series: verdicts(2), at: '30m' },
  ),
  ...pair(
    'CapTokenFailures',
    {
      name: 'thirty bad tokens a minute',
      series: refusals(30),
      at: '30m',
      firing: [
        {
          labels: { severity: 'ticket', ...verifier },
          summary: 'verifier-1:8080 (cap-verifier) refuses many tokens',
          description: 'verifier-1:8080 (cap-verifier) refuses 500m tokens a second.',
        },
      ],
    },
    { name: 'two bad tokens a minute', series: refusals(2), at: '30m' },
  ),
  ...pair(
    'CapMostRequestsRefused',
    {
      name: 'the issuer has a new key that nobody told the verifier',
      series: traffic([[60, 1, 0]], refusals(9)),
      at: '40m',
      firing: [
        {
          labels: { severity: 'page', environment },
          summary: 'The public API in production refuses most of its callers',
          description: '90% of the requests to the public API in production are refused because of their token.',
        },
      ],
    },
    { name: 'one caller of many has an old token', series: traffic([[60, 30, 0]], refusals(9)), at: '40m' },
  ),
];
