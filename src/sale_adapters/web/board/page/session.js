/** Who is signed in: a token and a merchant, kept for this tab only. */

const KEY = 'sale.session';

/**
 * @typedef {{token: string, merchantId: string, userId: string, roles: string[], merchants: string[], demoRole?: string}} Session
 */

/**
 * Read the claims of a token without judging them: that is for the service to do.
 * @param {string} token
 */
export function claimsOf(token) {
  try {
    const body = token.split('.')[1].replace(/-/g, '+').replace(/_/g, '/');
    const bytes = Uint8Array.from(atob(body), (letter) => letter.charCodeAt(0));
    const claims = JSON.parse(new TextDecoder().decode(bytes));
    return claims && typeof claims === 'object' ? claims : {};
  } catch {
    return {};
  }
}

/** @returns {Session | null} */
export function rememberedSession() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? 'null');
  } catch {
    return null;
  }
}

/** @param {Session} session */
export const remember = (session) => sessionStorage.setItem(KEY, JSON.stringify(session));

/** Tell whether a token is over at a time. @param {string} token @param {number} now in ms */
export const isOver = (token, now) => Number(claimsOf(token).exp) * 1_000 <= now;

export const forget = () => sessionStorage.removeItem(KEY);

/**
 * Make a session of a token.
 * @param {string} token
 * @param {string} [merchantId] the token's first merchant where none is named
 * @param {string} [demoRole] the role that one click signs in again
 * @returns {Session}
 */
export function sessionOf(token, merchantId, demoRole) {
  const claims = claimsOf(token);
  const merchants = Array.isArray(claims.merchants) ? claims.merchants.map(String) : [];
  const roles = Array.isArray(claims.roles) ? claims.roles.map(String) : [];
  return { token, merchantId: merchantId || merchants[0] || '', userId: String(claims.userId ?? ''), roles, merchants, demoRole };
}
