// The published RudderStack client for Node (gzip by default), delivering into Kunde. usage: node rudder.mjs URL KEY
import RudderAnalytics from '@rudderstack/rudder-sdk-node'

const [url, writeKey] = process.argv.slice(2)
const client = new (RudderAnalytics.default ?? RudderAnalytics)(writeKey, { dataPlaneUrl: url, flushAt: 5, flushInterval: 200 })
client.identify({ userId: 'rud-user', traits: { email: 'rud@example.com' } })
for (let i = 0; i < 12; i++)
  client.track({ userId: 'rud-user', event: 'Product Added', properties: { product_id: `R${i}`, price: 5.5, quantity: 1 } })
client.track({ userId: 'rud-user', event: 'Order Completed', properties: { order_id: 'ro1', currency: 'EUR', products: [{ product_id: 'R1', price: 5.5, quantity: 3 }] } })
await new Promise((resolve) => client.flush(resolve))
await new Promise((resolve) => setTimeout(resolve, 1500))
console.log(JSON.stringify({ flushed: true }))
process.exit(0)
