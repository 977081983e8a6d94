/** What may happen to things and what they become, as the service's own tables have it (contract §5). */

/** @typedef {Record<string, Record<string, string>>} Lifecycle a row for every status, from action to next status */

/** @type {Lifecycle} */
export const ORDER = {
  DRAFT: { edit: 'DRAFT', checkout: 'PROCESSING', cancel: 'CANCELLED' },
  PROCESSING: { revert: 'DRAFT', 'pay partly': 'PARTIAL', 'pay fully': 'COMPLETED', cancel: 'CANCELLED' },
  PARTIAL: { 'pay fully': 'COMPLETED', cancel: 'CANCELLED' },
  COMPLETED: {},
  CANCELLED: {},
};

/** @type {Lifecycle} */
export const ITEM = {
  PENDING: { cook: 'COOKING', void: 'VOIDED' },
  COOKING: { finish: 'READY', void: 'VOIDED' },
  READY: { serve: 'SERVED', recall: 'COOKING', void: 'VOIDED' },
  SERVED: {},
  VOIDED: {},
};

/** @type {Lifecycle} */
export const USAGE = {
  ACTIVE: { move: 'ACTIVE', complete: 'SUCCESS', cancel: 'CANCELLED', expire: 'EXPIRED' },
  SUCCESS: {},
  CANCELLED: {},
  EXPIRED: {},
};

/** @param {Lifecycle} lifecycle */
const unfinished = (lifecycle) => Object.keys(lifecycle).filter((status) => Object.keys(lifecycle[status]).length);

/**
 * The statuses in which something is still to be done. A ticket's status is told by its items.
 * @type {Record<import('./store.js').Kind, string[]>}
 */
export const OPEN = {
  order: unfinished(ORDER),
  ticket: ['PENDING', 'PROCESSING', 'READY'],
  usage: unfinished(USAGE),
};

/**
 * Return what an action makes of a status; undefined where it is not possible.
 * @param {Lifecycle} lifecycle @param {string} status @param {string} action
 */
export const after = (lifecycle, status, action) => lifecycle[status]?.[action];
