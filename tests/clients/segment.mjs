// The published Segment client for Node, delivering into Kunde. usage: node segment.mjs URL KEY
import { Analytics } from '@segment/analytics-node'

const [url, writeKey] = process.argv.slice(2)
const analytics = new Analytics({ writeKey, host: url, flushAt: 5, flushInterval: 200, maxRetries: 3 })
let delivered = 0
analytics.on('error', (e) => { console.error('error', e.code, String(e.reason).slice(0, 200)); process.exitCode = 1 })
analytics.on('http_response', (r) => { if (r.status === 200) delivered++ })
analytics.identify({ userId: 'seg-user', traits: { email: 'seg@example.com', plan: 'gold' } })
analytics.page({ userId: 'seg-user', name: 'Home', properties: { path: '/' } })
analytics.group({ userId: 'seg-user', groupId: 'g1' })
analytics.alias({ userId: 'seg-user', previousId: 'seg-anon' })
analytics.screen({ userId: 'seg-user', name: 'Start' })
for (let i = 0; i < 12; i++)
  analytics.track({ userId: 'seg-user', event: 'Product Viewed', properties: { product_id: `S${i}`, price: 19.99, currency: 'EUR' } })
analytics.track({ userId: 'seg-user', event: 'Order Completed', timestamp: new Date('2026-02-03T04:05:06.789Z'),
  properties: { order_id: 'so1', currency: 'EUR', products: [{ product_id: 'S1', price: 19.99, quantity: 2 }] } })
await analytics.closeAndFlush({ timeout: 10000 })
console.log(JSON.stringify({ delivered }))
