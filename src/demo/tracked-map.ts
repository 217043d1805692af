/**
 * A map that counts its changes, so that what was computed from it can be kept until it changes. Values are to be
 * replaced, not changed in place: `map.set(key, { ...value, role: 'admin' })`.
 */
export class TrackedMap<K, V> extends Map<K, V> {
  #revision = 0;
  /** Called before a value changes, with the value as it still is. */
  onChange: ((key: K, before: V | undefined) => void) | undefined;
  readonly #derived = new Map<string, { readonly stamp: string; readonly value: unknown }>();

  /** Grows with every change. */
  get revision(): number {
    return this.#revision;
  }

  override set(key: K, value: V): this {
    this.onChange?.(key, this.get(key));
    this.#revision += 1;
    return super.set(key, value);
  }

  override delete(key: K): boolean {
    if (this.has(key)) this.onChange?.(key, this.get(key));
    this.#revision += 1;
    return super.delete(key);
  }

  override clear(): void {
    this.#revision += 1;
    super.clear();
  }

  /**
   * What `compute` makes of this map and of `others`, computed anew only after one of them has changed.
   * @param name one name for one computation; it holds every parameter of it.
   */
  derive<T>(name: string, compute: () => T, others: readonly { readonly revision: number }[] = []): T {
    const stamp = [this.#revision, ...others.map((other) => other.revision)].join(' ');
    const kept = this.#derived.get(name);
    if (kept?.stamp === stamp) return kept.value as T;
    // Searches can have any number of names: the cache must not grow with them.
    if (this.#derived.size >= 64) this.#derived.clear();
    const value = compute();
    this.#derived.set(name, { stamp, value });
    return value;
  }
}
