/* The one door to the server. A failure is an ApiError that says what and why, as the server said it (RFC 9457). */
import { QueryClient, useQuery, type UseQueryOptions, type UseQueryResult } from '@tanstack/react-query';

export type FieldError = { pointer?: string; detail?: string }; // pointer: "/name" of the body

export class ApiError extends Error {
  constructor(
    readonly status: number, // 0: the server was not reached
    readonly title: string,
    readonly detail: string,
    readonly errors: readonly FieldError[] = [],
  ) {
    super(detail || title);
  }
}

/* True while the pages are shown to somebody who is not logged in (the login page, the storefront). */
const openPaths = ['/login', '/shop'];

function toLogin(): void {
  if (openPaths.some((path) => location.pathname.startsWith(path))) return;
  const here = location.pathname + location.search;
  location.assign(here === '/' ? '/login' : `/login?next=${encodeURIComponent(here)}`);
}

type Problem = { title?: string; detail?: string; errors?: FieldError[] };

async function problemOf(response: Response): Promise<ApiError> {
  const body: unknown = await response.json().catch(() => null);
  const problem = (typeof body === 'object' && body !== null ? body : {}) as Problem;
  return new ApiError(response.status, problem.title ?? response.statusText, problem.detail ?? '', problem.errors ?? []);
}

async function ask(path: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, { credentials: 'same-origin', ...init });
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw new ApiError(0, 'unreachable', '');
  }
  if (response.ok) return response;
  if (response.status === 401 && !path.startsWith('/v1/admin/login') && !(path === '/v1/admin/password' || path === '/v1/admin/invitation' || path === '/v1/admin/me/totp')) toLogin();
  throw await problemOf(response);
}

async function answerOf<T>(response: Response): Promise<T> {
  const text = await response.text();
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return answerOf<T>(await ask(path, { headers: { Accept: 'application/json' }, signal: signal ?? null }));
}

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/* The header proves that this page sent it: another site's form or script cannot set it (CSRF). What has no body still goes
 * out when the page is being left (parts/Undo). */
export async function send<T = unknown>(method: Exclude<Method, 'GET'>, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const headers: Record<string, string> = { Accept: 'application/json', 'Kunde-CSRF': '1' };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  return answerOf<T>(await ask(path, { method, headers, body: body === undefined ? null : JSON.stringify(body), keepalive: body === undefined, signal: signal ?? null }));
}

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      refetchOnWindowFocus: false,
      // A server that restarts under the page is waited for; a refusal is not asked again.
      retry: (failures, error) => error instanceof ApiError && (error.status === 0 || error.status === 503) && failures < 8,
      retryDelay: (attempt) => Math.min(500 * 2 ** attempt, 5000),
    },
  },
});

export type GetOptions<T> = Omit<UseQueryOptions<T, ApiError>, 'queryKey' | 'queryFn'>;

/* A GET as state: const { data, error, isPending } = useGet<Pulse>('/v1/admin/pulse'). The key is the path. */
export function useGet<T>(path: string, options: GetOptions<T> = {}): UseQueryResult<T, ApiError> {
  return useQuery<T, ApiError>({ queryKey: [path], queryFn: ({ signal }) => get<T>(path, signal), ...options });
}

/* A POST that only asks (a search by e-mail, a recommendation): what it asks for stays out of the URL. */
export function useAsk<T>(path: string, body: unknown, options: GetOptions<T> = {}): UseQueryResult<T, ApiError> {
  return useQuery<T, ApiError>({ queryKey: [path, body], queryFn: ({ signal }) => send<T>('POST', path, body, signal), ...options });
}

/* After a change: ask again for every answer whose path begins so. */
export function forget(path: string): Promise<void> {
  return queries.invalidateQueries({ predicate: (query) => typeof query.queryKey[0] === 'string' && query.queryKey[0].startsWith(path) });
}

/* Who is logged in, and what the pages need to know of the server. */
export type Permission =
  | 'see' | 'see-people' | 'see-personal' | 'edit-catalogue' | 'edit-placements' | 'edit-sources' | 'edit-privacy' | 'handle-rights' | 'see-audit' | 'manage-users' | 'operate';
export type User = {
  id: string; name: string; email: string | null; role: string; language: string; first: boolean; disabled: boolean;
  passwordSet: boolean; twoFactor: boolean; recoveryCodes: number; invited: boolean; createdAt: string | null; lastLoginAt: string | null;
};
export type Me = { role: 'admin' | 'server'; userRole: string | null; user: User | null; permissions: Permission[]; needsTwoFactor: boolean; passwordSet: boolean; demo: boolean; writeKey: string; version: string; baseUrl: string };

export function useMe(): UseQueryResult<Me, ApiError> {
  return useGet<Me>('/v1/admin/me', { staleTime: 60_000 });
}

/* May whoever is logged in do this? Undefined until that is known; pages hide what may not be done, the server refuses it anyway. */
export function useMay(permission: Permission): boolean | undefined {
  return useMe().data?.permissions.includes(permission);
}
