/**
 * Work on many things, few at a time: a policy of a thousand hosts opens no thousand connections.
 */

/** The results in the order of the items. Ends at the first failure, as `Promise.all` does. */
export async function workThrough<Item, Result>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  const queue = items.entries()
  const worker = async () => {
    for (const [index, item] of queue) results[index] = await work(item)
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker))
  return results
}
