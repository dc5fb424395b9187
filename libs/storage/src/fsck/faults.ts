import type { RegistryFault } from '@cap/contracts';

/** Thrown when the maximum is reached. */
export class FaultLimitReached extends Error {}

/** The faults, in the order found. */
export class Faults {
  readonly list: RegistryFault[] = [];

  constructor(private readonly max: number) {}

  add(object: string, message: string): void {
    this.list.push({ object, message });
    if (this.list.length >= this.max) throw new FaultLimitReached();
  }

  has(object: string): boolean {
    return this.list.some((fault) => fault.object === object);
  }
}
