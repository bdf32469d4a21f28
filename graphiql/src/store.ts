import { useSyncExternalStore } from "react";

/** A value that lives outside the component tree, since the fetcher writes it and panels show it. */
export class Store<T extends object> {
  #value: T;
  readonly #listeners = new Set<() => void>();

  constructor(initial: T) {
    this.#value = initial;
  }

  get = (): T => this.#value;

  set = (change: Partial<T>): void => {
    this.#value = { ...this.#value, ...change };
    for (const listener of this.#listeners) listener();
  };

  use = (): T => useSyncExternalStore(this.#subscribe, this.get);

  #subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
}
