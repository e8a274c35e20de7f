/* What is pasted into a terminal or a page, with the real key and address in it. */
import type { StepId } from './checklist';

export type Place = { writeKey: string; baseUrl: string; productId?: string | undefined };
export type Snippet = { id: 'curl' | 'node' | 'browser' | 'file'; text: string };

/* Into single quotes of a shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/* A product of the catalogue makes a better first event; an id that a shell or a script would stumble over is left out. */
const productOf = (place: Place): string => (place.productId !== undefined && /^[\w.:-]{1,64}$/.test(place.productId) ? place.productId : 'JACKET');

function sendEvent(place: Place): Snippet[] {
  const event = { anonymousId: 'first-visitor', event: 'Product Viewed', properties: { product_id: productOf(place) } };
  return [
    { id: 'curl', text: `curl -u ${place.writeKey}: ${place.baseUrl}/v1/track -d ${quoted(JSON.stringify(event))}` },
    {
      id: 'node',
      text: `npm install @segment/analytics-node && node -e "
const { Analytics } = require('@segment/analytics-node')
const kunde = new Analytics({ writeKey: '${place.writeKey}', host: '${place.baseUrl}' })
kunde.track({ anonymousId: 'first-visitor', event: 'Product Viewed', properties: { product_id: '${productOf(place)}' } })
kunde.closeAndFlush()
"`,
    },
    { id: 'browser', text: `<script src="${place.baseUrl}/kunde.js" data-write-key="${place.writeKey}" data-consent="operate personalise analyse" defer></script>` },
  ];
}

function importProducts(place: Place): Snippet[] {
  const products = {
    products: [
      { id: 'JACKET', title: 'Rain jacket', category: 'Outdoor > Jackets', currency: 'EUR', variants: [{ sku: 'J-M', size: 'M', color: 'navy', price: 89.95, stock: 4 }] },
      { id: 'SOCKS', title: 'Wool socks', category: 'Outdoor > Socks', currency: 'EUR', price: 12.5, stock: 30 },
    ],
  };
  return [
    {
      id: 'file',
      text: `cat > products.csv <<'CSV'
id,title,category,brand,sku,size,color,price,stock
JACKET,Rain jacket,Outdoor > Jackets,Fjord,J-S,S,navy,89.95,2
JACKET,,,,J-M,M,navy,89.95,4
SOCKS,Wool socks,Outdoor > Socks,Fjord,,,,12.50,30
CSV
kunde import products products.csv --currency EUR`,
    },
    { id: 'curl', text: `curl -X PUT -H "Authorization: Bearer $KUNDE_SERVER_KEY" ${place.baseUrl}/v1/admin/products -d ${quoted(JSON.stringify(products))}` },
  ];
}

function importOrders(place: Place): Snippet[] {
  const order = {
    batch: [
      { type: 'track', userId: 'u-17', event: 'Order Completed', timestamp: '2026-03-02T11:20:00Z', properties: { order_id: 'A-1', currency: 'EUR', products: [{ product_id: 'JACKET', sku: 'J-M', price: 89.95, quantity: 1 }] } },
    ],
  };
  return [
    {
      id: 'file',
      text: `cat > orders.csv <<'CSV'
order_id,customer_id,ordered_at,product_id,quantity,unit_price
A-1,u-17,2026-03-02 11:20,JACKET,1,89.95
A-1,u-17,2026-03-02 11:20,SOCKS,2,12.50
A-2,u-18,2026-03-03 09:05,SOCKS,1,12.50
CSV
kunde import orders orders.csv --currency EUR`,
    },
    { id: 'curl', text: `curl -H "Authorization: Bearer $KUNDE_SERVER_KEY" ${place.baseUrl}/v1/batch -d ${quoted(JSON.stringify(order))}` },
  ];
}

function seeRecommendation(place: Place): Snippet[] {
  const question = { customer: { anonymousId: 'first-visitor' }, recipe: 'for-you', count: 4 };
  return [{ id: 'curl', text: `curl -u ${place.writeKey}: ${place.baseUrl}/v1/recommend -d ${quoted(JSON.stringify(question))}` }];
}

export function snippetsOf(step: StepId, place: Place): Snippet[] {
  return { event: sendEvent, products: importProducts, orders: importOrders, recommendation: seeRecommendation }[step](place);
}
