/** The items in an order that depends on `seed` alone. */
export function shuffled<T>(items: readonly T[], seed: number): T[] {
  const order = [...items];
  let state = seed * 2_654_435_761;
  for (let last = order.length - 1; last > 0; last -= 1) {
    // Numerical Recipes' linear congruence: good enough to disturb an order.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const other = state % (last + 1);
    [order[last], order[other]] = [order[other] as T, order[last] as T];
  }
  return order;
}
