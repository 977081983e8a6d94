/** Mistakes that the document does not let anybody make: every line that is marked is refused, and no other. */

import createClient from "openapi-fetch";

import type { components, paths } from "./sale.js";

const sale = createClient<paths>({ baseUrl: "http://127.0.0.1:31030" });
const header = { "x-merchant-id": "merchant-1" };
const path = { orderId: "order-1" };

await sale.POST("/v1/api/sale/orders", { params: { header }, body: { saleChannelId: "channel-vnd" } }); // wrong: no path
await sale.GET("/v1/api/sale/sale-orders", {}); // wrong: whose orders?
await sale.POST("/v1/api/sale/sale-orders", { params: { header }, body: {} }); // wrong: at which channel?
await sale.POST("/v1/api/sale/sale-orders/{orderId}/cancel", { params: { header, path } }); // wrong: why?
await sale.GET("/v1/api/sale/sale-orders", { params: { header, query: { status: "PAID" } } }); // wrong: no status
const custom: components["schemas"]["Custom"] = { mode: "CUSTOM", name: "Bánh" }; // wrong: for how much?
const item: components["schemas"]["Product"] = { itemId: "variant-pho", price: 1 }; // wrong: pricing decides
const { data } = await sale.GET("/v1/api/sale/sale-orders/{orderId}", { params: { header, path } });
const total: number = data!.total; // wrong: in DRAFT there is none
export const known: number = data!.paid + (data!.total ?? 0);
export { custom, item, total };
