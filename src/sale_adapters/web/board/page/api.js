/** Calls to the service: who calls, once only, and only upon the version that was seen. */

import { placeOf } from './places.js';
import { Wishes } from './wishes.js';

const PATIENCE_MS = 15_000;
const TRIES = 4;
const TOO_MANY = 429;
const NO_CONTENT = 204;

/** The service refused; `body` is its problem document (RFC 9457). */
export class Problem extends Error {
  /** @param {number} status @param {Record<string, any>} body */
  constructor(status, body) {
    super(body.detail ?? body.title ?? `HTTP ${status}`);
    this.status = status;
    this.code = String(body.code ?? 'unknown');
    this.body = body;
  }
}

/** Nobody answered, or not to the end. */
export class Unreachable extends Error {}

/**
 * @typedef {{body: any, seq: number | null, replayed: boolean}} Answer
 * @typedef {{get: (path: string) => Promise<Answer>, post: Send, patch: Send, remove: Send}} Api
 * @typedef {(path: string, body?: object | null, version?: number) => Promise<Answer>} Send
 */

/**
 * @param {() => {token: string, merchantId: string} | null} session
 * @param {() => void} onUnauthenticated called when the token proves nothing any more
 * @returns {Api}
 */
export function createApi(session, onUnauthenticated) {
  const wishes = new Wishes();

  /** @param {string} method @param {string} path @param {RequestInit} [how] @returns {Promise<Answer>} */
  async function ask(method, path, how = {}) {
    const who = session();
    if (!who) throw new Problem(401, { code: 'unauthenticated' });
    const headers = { authorization: `Bearer ${who.token}`, 'x-merchant-id': who.merchantId, ...how.headers };
    const answer = await fetchOnce(placeOf(path), { ...how, method, headers });
    const body = await bodyOf(answer);
    if (answer.ok) return { body, seq: seqOf(answer), replayed: answer.headers.has('idempotency-replayed') };
    if (answer.status === 401) onUnauthenticated();
    throw Object.assign(new Problem(answer.status, body ?? {}), { retryAfter: Number(answer.headers.get('retry-after')) });
  }

  /**
   * Send a command. A POST that nobody answers keeps its key for when the same is asked for again upon the same version.
   * @param {string} method @param {string} path @param {object | null} [body] @param {number} [version]
   */
  async function send(method, path, body, version) {
    /** @type {Record<string, string>} */
    const headers = {};
    if (body !== undefined && body !== null) headers['content-type'] = 'application/json';
    if (version !== undefined) headers['if-match'] = `"${version}"`;
    const how = { headers, body: body ? JSON.stringify(body) : undefined };
    if (method !== 'POST') return ask(method, path, how);
    const wish = JSON.stringify([path, version, how.body]);
    const key = wishes.take(wish);
    headers['idempotency-key'] = key;
    try {
      return await insist(path, how);
    } catch (error) {
      if (!isAnswer(error)) wishes.keep(key, wish);
      throw error;
    }
  }

  /** Post until there is an answer, a few times. @param {string} path @param {RequestInit} how */
  async function insist(path, how) {
    for (let tried = 1; ; tried += 1) {
      try {
        return await ask('POST', path, how);
      } catch (/** @type {any} */ error) {
        if (tried >= TRIES || !passes(error)) throw error;
        await pause(Math.min(4_000, (error.retryAfter || 0.3 * 2 ** tried) * 1_000));
      }
    }
  }

  return {
    get: (path) => ask('GET', path),
    post: (path, body, version) => send('POST', path, body, version),
    patch: (path, body, version) => send('PATCH', path, body, version),
    remove: (path, body, version) => send('DELETE', path, body, version),
  };
}

/**
 * Read every page of a list; the first page's feed number is the one that holds for all.
 * @param {Api} api @param {string} path @param {(last: any) => boolean} [isEnough] what comes after this thing is not wanted
 */
export async function readAll(api, path, isEnough = () => false) {
  const items = [];
  let seq = null;
  let cursor = null;
  do {
    const from = cursor ? `&cursor=${encodeURIComponent(cursor)}` : '';
    const page = await api.get(`${path}${path.includes('?') ? '&' : '?'}limit=200${from}`);
    items.push(...page.body.items);
    seq ??= page.seq;
    cursor = page.body.nextCursor ?? null;
  } while (cursor && !isEnough(items.at(-1)));
  return { items, seq: seq ?? 0 };
}

/** Post JSON to a place outside the service: the demo's doors. @param {string} url @param {object} body */
export async function postElsewhere(url, body) {
  const how = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const answer = await fetchOnce(url, how);
  const told = await bodyOf(answer);
  if (!answer.ok) throw new Problem(answer.status, told ?? {});
  return told;
}

/** @param {string} url @param {RequestInit} how */
async function fetchOnce(url, how) {
  try {
    return await fetch(url, { ...how, cache: 'no-store', signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch {
    throw new Unreachable();
  }
}

/**
 * Return what an answer tells; null where it tells nothing. A good answer that broke off, or is not the service's, tells
 * nobody that a thing is not there: it is none.
 * @param {Response} answer
 */
async function bodyOf(answer) {
  if (answer.status === NO_CONTENT) return null;
  try {
    return await answer.json();
  } catch {
    if (answer.ok) throw new Unreachable();
    return null;
  }
}

/** @param {Response} answer */
function seqOf(answer) {
  const told = answer.headers.get('x-feed-seq');
  return told === null ? null : Number(told);
}

/** Tell whether asking again may help: nobody answered, there were too many at once, or the service failed. @param {unknown} error */
export const passes = (error) => error instanceof Unreachable || (error instanceof Problem && (error.status === TOO_MANY || error.status >= 500));

/** Tell whether the service has decided: it has not when nobody answered, it failed, or it never looked at the request. @param {unknown} error */
export const isAnswer = (error) =>
  error instanceof Problem && error.status < 500 && ![401, TOO_MANY].includes(error.status) && error.code !== 'idempotency-key-in-use';

/** @param {number} ms */
export const pause = (ms) => new Promise((done) => setTimeout(done, ms));
