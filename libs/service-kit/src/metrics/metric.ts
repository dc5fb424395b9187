import {
  Counter,
  type CounterConfiguration,
  Gauge,
  type GaugeConfiguration,
  Histogram,
  type HistogramConfiguration,
  register,
} from 'prom-client';

/** The metric of this name in the process's registry, made on first use: services that share a process share their metrics. */
export const counter = <T extends string = string>(configuration: CounterConfiguration<T>): Counter<T> =>
  (register.getSingleMetric(configuration.name) as Counter<T> | undefined) ?? new Counter(configuration);
export const gauge = <T extends string = string>(configuration: GaugeConfiguration<T>): Gauge<T> =>
  (register.getSingleMetric(configuration.name) as Gauge<T> | undefined) ?? new Gauge(configuration);
export const histogram = <T extends string = string>(configuration: HistogramConfiguration<T>): Histogram<T> =>
  (register.getSingleMetric(configuration.name) as Histogram<T> | undefined) ?? new Histogram(configuration);
