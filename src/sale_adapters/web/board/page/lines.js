/** The lines of an order: what the kitchen has of them, and what it can still get. */

/** @param {any} line */
export const unsentOf = (line) => line.quantity - line.sentQuantity;

/** A combo's lead is never cooked, its children are. @param {import('./store.js').Thing} order */
export function sendable(order) {
  const leads = new Set(order.items.map((/** @type {any} */ line) => line.leadItemId).filter(Boolean));
  return order.items.filter((/** @type {any} */ line) => !leads.has(line.id) && unsentOf(line) > 0);
}
