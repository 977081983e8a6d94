/** A till: it places an order, lets the guest see the total, checks out, and hears that the order is paid. */

import createClient from "openapi-fetch";

import type { components, paths } from "./sale.js";

type Order = components["schemas"]["Order"];
type Problem = components["schemas"]["Problem"];

export class Refused extends Error {
  constructor(readonly problem: Problem) {
    super(`${problem.code}: ${problem.detail}`);
  }
}

function good<T>(answer: { data?: T; error?: Problem }): T {
  if (answer.data === undefined) throw new Refused(answer.error as Problem);
  return answer.data;
}

/** Sell two bowls of phở and a cake, paid in cash, at a Sale whose address ends before /v1. */
export async function sell(baseUrl: string, token: string): Promise<Order> {
  const sale = createClient<paths>({ baseUrl, headers: { authorization: `Bearer ${token}` } });
  const header = { "x-merchant-id": "merchant-1" };
  const once = () => ({ ...header, "Idempotency-Key": crypto.randomUUID() });

  const opened = good(
    await sale.POST("/v1/api/sale/sale-orders", {
      params: { header: once() },
      body: {
        saleChannelId: "channel-vnd",
        items: [
          { itemId: "variant-pho", quantity: 2 },
          { mode: "CUSTOM", name: "Bánh sinh nhật", unitPrice: "250000" },
        ],
      },
    }),
  );
  const path = { orderId: opened.id };

  const seen = good(
    await sale.GET("/v1/api/sale/sale-orders/{orderId}/pricing-preview", { params: { header, path } }),
  );
  const placed = good(
    await sale.POST("/v1/api/sale/sale-orders/{orderId}/checkout", {
      params: { header: { ...once(), "If-Match": `"${opened.version}"` }, path },
      body: { expectedTotal: seen.total },
    }),
  );
  if (placed.snapshots?.pricingV1["totals"] === undefined) throw new Error("no prices are frozen");

  const told = await sale.POST("/v1/api/sale/webhooks/payment", {
    body: {
      eventType: "mq-pay:attempt.success",
      timestamp: Date.now(),
      payload: {
        timestamp: new Date().toISOString(),
        attempt: {
          id: 1,
          uid: `attempt-${opened.id}`,
          status: "SUCCESS",
          amount: placed.total ?? 0,
          paymentProvider: "CASH",
          metadata: { source: { id: opened.id, uid: opened.id, type: "SaleOrder" } },
        },
      },
    },
  });
  if (good(told).outcome !== "applied") throw new Error("the money has not arrived");

  const orders = good(
    await sale.GET("/v1/api/sale/sale-orders", { params: { header, query: { status: "COMPLETED", limit: 1 } } }),
  );
  const [paid] = orders.items;
  if (paid === undefined) throw new Error("no order is paid");
  return paid;
}

/** Return why an order that does not exist is refused. */
export async function missed(baseUrl: string, token: string): Promise<string> {
  const sale = createClient<paths>({ baseUrl, headers: { authorization: `Bearer ${token}` } });
  const answer = await sale.GET("/v1/api/sale/sale-orders/{orderId}", {
    params: { header: { "x-merchant-id": "merchant-1" }, path: { orderId: "no-such-order" } },
  });
  return answer.error === undefined ? "it is there" : answer.error.code;
}
