/** The lines of an order: what the kitchen has of them, and what it can still get. */

import { exact } from './amounts.js';

/** @param {any} line */
export const unsentOf = (line) => exact(line.quantity - line.sentQuantity);

/** Add up a figure of some lines. @param {any[]} lines @param {(line: any) => number} figure */
export const sumOf = (lines, figure) => exact(lines.reduce((sum, line) => sum + figure(line), 0));

/** A combo's lead is never cooked, its children are. @param {import('./store.js').Thing} order */
export function sendable(order) {
  const leads = new Set(order.items.map((/** @type {any} */ line) => line.leadItemId).filter(Boolean));
  return order.items.filter((/** @type {any} */ line) => !leads.has(line.id) && unsentOf(line) > 0);
}

/** Count the dishes that the kitchen can still get. @param {import('./store.js').Thing} order @returns {number} */
export const unsentIn = (order) => sumOf(sendable(order), unsentOf);
