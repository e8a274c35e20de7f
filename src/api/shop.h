/* api/shop.h -- the storefront of a demo database: the made-up shop's own backend, under /shop/api/. Private to api/.
 *
 * A real shop has such a backend itself and talks to Kunde by its API; here both live in one process, and the pages under
 * /shop use Kunde only as any shop would: the browser tag, user tokens, POST /v1/decide. Nobody in a demo is real, so no
 * admin's session is asked for; everything here is 404 in any other database. Threads: the handler's. */
#ifndef KD_API_SHOP_H
#define KD_API_SHOP_H
#include "api/http.h"

/* Who stands before the shelf, by the headers Kunde-User-Id with Kunde-User-Token, or Kunde-Anonymous-Id: an id that nobody
 * else knows (128 random bits, as the browser tag makes them). Strongest key first; none for a visitor who allowed none. */
typedef struct kd_visitor {
    kd_key keys[2];
    size_t key_count;
    kd_str user_id;       /* proven by its token; empty: nobody is logged in */
    kd_str anonymous_id;
} kd_visitor;

/* True when this is a demo and, for what changes something, the request carries Kunde-CSRF; otherwise it is answered. */
bool kd_shop_enter(kd_request *request, bool changes);
/* Otherwise the problem is answered already and it is false. */
bool kd_shop_visitor(kd_visitor *out, kd_request *request);
/* Locked; NULL when nobody is known by the visitor's keys. */
kd_status kd_shop_acquire(kd_person **entry, kd_request *request, const kd_visitor *visitor, kd_err *err);
/* id, title, brand, category, url, image, price, listPrice, currency, in the colour of `variant` (NULL: the first). */
void kd_shop_write_card(kd_jw *w, const kd_product *product, const kd_variant *variant, const kd_catalog *catalog);
void kd_shop_write_price(kd_jw *w, const char *key, int64_t micro, kd_currency currency);
#endif
