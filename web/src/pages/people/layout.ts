/* Where the persons of a customer stand in the drawing: the same answer gives the same picture, today and tomorrow. */

export type GraphKey = { type: string; value: string | null }; // null: only its kind is known here
export type GraphPerson = { person: string; home?: string | null; keys: readonly GraphKey[]; events: number; firstSeenAt?: string; lastSeenAt?: string };
export type GraphLink = { a: string; b: string; kind: string; proven: boolean; time?: string; event?: string; used: boolean; why?: string };
export type GraphAside = { person: string; why: string };
export type GraphApart = { a: string; b: string; time?: string };
export type Graph = { customer: string; persons: readonly GraphPerson[]; links: readonly GraphLink[]; setAside: readonly GraphAside[]; apart: readonly GraphApart[] };

export type Point = { x: number; y: number };
export const box = { width: 720, height: 400, margin: 64 } as const;

const rounds = 240;

/* Springs along the evidence, repulsion between all, begun on a circle in the order of the ids. No chance in it. */
export function layout(ids: readonly string[], edges: readonly (readonly [string, string])[]): Map<string, Point> {
  const order = [...ids].sort();
  const at = new Map(order.map((id, i) => [id, i]));
  const points: Point[] = order.map((_, i) => {
    const angle = (2 * Math.PI * i) / Math.max(order.length, 1) - Math.PI / 2;
    return { x: Math.cos(angle) * (1 + (i % 3) * 0.13), y: Math.sin(angle) };
  });
  const pairs = edges.flatMap(([a, b]) => {
    const i = at.get(a);
    const j = at.get(b);
    return i === undefined || j === undefined || i === j ? [] : [[i, j] as const];
  });
  for (let round = 0; round < rounds; round++) {
    const step = 0.12 * (1 - round / rounds);
    const moves = points.map(() => ({ x: 0, y: 0 }));
    const push = (i: number, j: number, force: number, dx: number, dy: number) => {
      const from = moves[i];
      const to = moves[j];
      if (!from || !to) return;
      from.x += dx * force;
      from.y += dy * force;
      to.x -= dx * force;
      to.y -= dy * force;
    };
    for (let i = 0; i < points.length; i++)
      for (let j = i + 1; j < points.length; j++) {
        const p = points[i];
        const q = points[j];
        if (!p || !q) continue;
        const dx = p.x - q.x;
        const dy = p.y - q.y;
        push(i, j, 0.5 / (dx * dx + dy * dy + 0.05), dx, dy);
      }
    for (const [i, j] of pairs) {
      const p = points[i];
      const q = points[j];
      if (p && q) push(i, j, -0.6, p.x - q.x, p.y - q.y);
    }
    points.forEach((point, i) => {
      const move = moves[i];
      if (!move) return;
      const length = Math.hypot(move.x, move.y) || 1;
      point.x += (move.x / length) * Math.min(length, 1) * step - point.x * 0.01;
      point.y += (move.y / length) * Math.min(length, 1) * step - point.y * 0.01;
    });
  }
  return fitted(order, points);
}

function fitted(order: readonly string[], points: readonly Point[]): Map<string, Point> {
  const xs = points.map((p) => p.x);
  const ys = points.map((p) => p.y);
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  const [wide, high] = [Math.max(...xs) - left, Math.max(...ys) - top];
  const inner = { width: box.width - 2 * box.margin, height: box.height - 2 * box.margin };
  return new Map(
    order.map((id, i) => {
      const p = points[i] ?? { x: 0, y: 0 };
      return [
        id,
        {
          x: Math.round(wide < 1e-6 ? box.width / 2 : box.margin + ((p.x - left) / wide) * inner.width),
          y: Math.round(high < 1e-6 ? box.height / 2 : box.margin + ((p.y - top) / high) * inner.height),
        },
      ];
    }),
  );
}

const strength = ['userId', 'loyaltyCard', 'card', 'tillCustomerNumber', 'receiptId', 'email', 'phone', 'deviceId', 'anonymousId'];
export function strongestKey(person: GraphPerson): GraphKey | undefined {
  const rank = (key: GraphKey) => {
    const at = strength.indexOf(key.type);
    return at < 0 ? strength.length : at;
  };
  return [...person.keys].sort((a, b) => rank(a) - rank(b) || (a.value ?? '').localeCompare(b.value ?? ''))[0];
}
