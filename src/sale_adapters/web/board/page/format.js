/** Money, quantities and times as people write them where the browser is at home. */

/** @param {string} locale */
export function createFormat(locale) {
  /** @type {Map<string, Intl.NumberFormat>} */
  const currencies = new Map();
  const clock = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit' });
  const exact = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
  const number = new Intl.NumberFormat(locale, { maximumFractionDigits: 4 });

  return {
    /** @param {number | null | undefined} amount @param {string} currency */
    money(amount, currency) {
      if (amount === null || amount === undefined) return '–';
      let format = currencies.get(currency);
      if (!format) currencies.set(currency, (format = moneyFormat(locale, currency)));
      return format.format(amount);
    },
    /** @param {number} amount */
    number: (amount) => number.format(amount),
    /** @param {string | number} time */
    time: (time) => clock.format(new Date(time)),
    /** @param {string | number} time */
    exactTime: (time) => exact.format(new Date(time)),
  };
}

/** Nobody is shown less than he pays: amounts have up to four decimals (contract §5). @param {string} locale @param {string} currency */
function moneyFormat(locale, currency) {
  try {
    return new Intl.NumberFormat(locale, { style: 'currency', currency, currencyDisplay: 'narrowSymbol', maximumFractionDigits: 4 });
  } catch {
    return new Intl.NumberFormat(locale, { maximumFractionDigits: 4 });
  }
}

/** The few letters by which people call an order: the end of its id, less the bucket that all of a merchant share. */
export const shortOf = (/** @type {string} */ id) => id.slice(-6, -2);

/** Whole minutes since a time, never negative. @param {string} time @param {number} now in ms */
export const minutesSince = (time, now) => Math.max(0, Math.floor((now - Date.parse(time)) / 60_000));
