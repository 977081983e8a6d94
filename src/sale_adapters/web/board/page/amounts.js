/** Amounts and quantities: four decimals (contract §9), without the crumbs that binary fractions leave. */

/** Return what a sum or a difference is: 1.3 − 1 is 0.3. @param {number} figure */
export const exact = (figure) => Number(figure.toFixed(4));

/** What is still to be paid. @param {import('./store.js').Thing} order */
export const dueOf = (order) => exact(order.total - order.paid);
