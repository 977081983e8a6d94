/** Which view is shown, kept in the address: `#/kitchen`, `#/floor`, `#/orders`, `#/orders/<id>`. */

/** @typedef {{view: 'kitchen' | 'floor' | 'orders', id: string | null}} Route */

const VIEWS = ['kitchen', 'floor', 'orders'];

/** @returns {Route | null} null when the address names no view */
export function currentRoute() {
  const [view, id] = location.hash.replace(/^#\//, '').split('/');
  if (!VIEWS.includes(view)) return null;
  try {
    return { view: /** @type {Route['view']} */ (view), id: id ? decodeURIComponent(id) : null };
  } catch {
    // Half an escape, as of a link that was cut short, names nothing.
    return null;
  }
}

/** @param {string} view @param {string} [id] */
export const addressOf = (view, id) => `#/${view}${id ? `/${encodeURIComponent(id)}` : ''}`;

/** @param {string} view @param {string} [id] */
export const go = (view, id) => {
  location.hash = addressOf(view, id);
};
