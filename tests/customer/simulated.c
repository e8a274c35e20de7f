#include "simulated.h"

#include <stdlib.h>

#define T0 INT64_C(1767225600000)
enum { KIOSK_USERS = 200, BROWSERS_MAX = 6 };

typedef struct shopper { int32_t number, user, alias, email, phone, card, browsers[BROWSERS_MAX]; int browser_count; bool guest_only[BROWSERS_MAX]; } shopper;

kd_id simulated_id(size_t key)
{
    kd_id    id = { { 0 } };
    uint64_t mixed = (uint64_t)key * UINT64_C(0x9E3779B97F4A7C15); /* the smallest id is no particular key */
    for (int i = 0; i < 8; i++)
        id.b[i] = (uint8_t)(mixed >> (56 - 8 * i));
    for (int i = 0; i < 8; i++)
        id.b[8 + i] = (uint8_t)((uint64_t)key >> (56 - 8 * i));
    return id;
}

size_t simulated_key(kd_id id)
{
    uint64_t key = 0;
    for (int i = 0; i < 8; i++)
        key = key << 8 | id.b[8 + i];
    return (size_t)key;
}

static int32_t new_key(simulated *s, uint8_t type, int32_t owner, int trap)
{
    if (s->key_count == s->key_room) {
        s->key_room = s->key_room ? s->key_room * 2 : 1024;
        s->owner = realloc(s->owner, s->key_room * sizeof *s->owner);
        s->type = realloc(s->type, s->key_room);
        s->traps = realloc(s->traps, s->key_room * sizeof *s->traps);
        if (!s->owner || !s->type || !s->traps)
            abort();
    }
    s->owner[s->key_count] = owner;
    s->type[s->key_count] = type;
    s->traps[s->key_count] = trap ? (uint16_t)(1u << trap) : 0;
    return (int32_t)s->key_count++;
}

static void say(simulated *s, int32_t a, int32_t b, uint8_t kind, kd_rng *rng)
{
    kd_link row;
    if (a < 0 || b < 0 || a == b)
        return;
    if (s->row_count + 2 > s->room) {
        s->room = s->room ? s->room * 2 : 4096;
        s->rows = realloc(s->rows, s->room * sizeof *s->rows);
        if (!s->rows)
            abort();
    }
    row = (kd_link){ .person = simulated_id((size_t)a), .other = simulated_id((size_t)b), .kind = kind, .proven = true,
                     .time_ms = T0 + (int64_t)kd_rng_below(rng, 1u << 30), .person_type = s->type[a], .other_type = s->type[b] };
    row.last_ms = row.time_ms;
    s->rows[s->row_count++] = row;
    row.person = simulated_id((size_t)b);
    row.other = simulated_id((size_t)a);
    row.person_type = s->type[b];
    row.other_type = s->type[a];
    s->rows[s->row_count++] = row;
}

static void used_by(simulated *s, int32_t key, int32_t who)
{
    if (s->user_count == s->user_room) {
        s->user_room = s->user_room ? s->user_room * 2 : 1024;
        s->users = realloc(s->users, s->user_room * sizeof *s->users);
        if (!s->users)
            abort();
    }
    s->users[s->user_count].key = key;
    s->users[s->user_count++].shopper = who;
}

static bool uses(const simulated *s, size_t key, int32_t who)
{
    if (s->owner[key] >= 0)
        return s->owner[key] == who;
    for (size_t i = 0; i < s->user_count; i++)
        if (s->users[i].key == (int32_t)key && s->users[i].shopper == who)
            return true;
    return false;
}

int simulated_same(const simulated *s, size_t x, size_t y)
{
    if (s->owner[x] >= 0 && s->owner[y] >= 0)
        return s->owner[x] == s->owner[y];
    if (s->owner[x] >= 0 || s->owner[y] >= 0)
        return uses(s, s->owner[x] >= 0 ? y : x, s->owner[x] >= 0 ? s->owner[x] : s->owner[y]) ? -1 : 0;
    for (size_t i = 0; i < s->user_count; i++) /* both are shared: by the same people? */
        if (s->users[i].key == (int32_t)x && uses(s, y, s->users[i].shopper))
            return -1;
    return 0;
}

static bool chance(kd_rng *rng, double p) { return kd_rng_unit(rng) < p; }
static void mark(simulated *s, const shopper *x, int trap)
{
    const int32_t keys[] = { x->user, x->alias, x->email, x->phone, x->card };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (keys[i] >= 0)
            s->traps[keys[i]] |= (uint16_t)(1u << trap);
    for (int i = 0; i < x->browser_count; i++)
        s->traps[x->browsers[i]] |= (uint16_t)(1u << trap);
}

static void add_browser(simulated *s, shopper *x, int32_t who, bool guest_only)
{
    if (x->browser_count == BROWSERS_MAX)
        return;
    x->guest_only[x->browser_count] = guest_only;
    x->browsers[x->browser_count++] = new_key(s, KD_KEY_ANONYMOUS, who, TRAP_NONE);
}

static shopper make(simulated *s, int32_t who, kd_rng *rng)
{
    shopper x = { .number = who, .user = -1, .alias = -1, .phone = -1, .card = -1 };
    bool    account = chance(rng, 0.85);
    if (account)
        x.user = new_key(s, KD_KEY_USER, who, TRAP_NONE);
    if (account && chance(rng, 0.02))
        x.alias = new_key(s, KD_KEY_USER, who, TRAP_NONE);
    x.email = new_key(s, KD_KEY_EMAIL, who, TRAP_NONE);
    if (chance(rng, 0.5))
        x.phone = new_key(s, KD_KEY_PHONE, who, TRAP_NONE);
    if (chance(rng, 0.4))
        x.card = new_key(s, KD_KEY_CARD, who, TRAP_NONE);
    for (uint32_t n = 1 + kd_rng_poisson(rng, 1.2), i = 0; i < n; i++)
        add_browser(s, &x, who, !account || chance(rng, 0.03));
    return x;
}

/* What a shop's server sees of somebody in ordinary times. */
static void live(simulated *s, const shopper *x, int32_t who, kd_rng *rng)
{
    bool account = x->user >= 0;
    if (account && !chance(rng, 0.03))
        say(s, x->user, x->email, KD_LINK_LOGIN, rng); /* the account's data; a few gave none */
    say(s, x->user, x->alias, KD_LINK_ALIAS, rng);
    for (int i = 0; i < x->browser_count; i++) {
        if (!x->guest_only[i]) {
            say(s, x->user, x->browsers[i], KD_LINK_LOGIN, rng);
            continue;
        }
        say(s, x->email, x->browsers[i], KD_LINK_ORDER, rng);
        if (account && chance(rng, 1 / 3.))
            say(s, x->user, x->browsers[i], KD_LINK_LOGIN, rng); /* later */
        else if (chance(rng, 0.3))
            say(s, x->email, x->browsers[i], KD_LINK_VERIFIED, rng); /* the link in the confirmation */
    }
    if (x->phone >= 0)
        say(s, account ? x->user : x->email, x->phone, account && chance(rng, 0.5) ? KD_LINK_LOGIN : KD_LINK_ORDER, rng);
    if (x->card >= 0) {
        if (account)
            say(s, x->user, x->card, KD_LINK_LOGIN, rng);
        else
            say(s, x->card, x->email, KD_LINK_CARD, rng); /* the file of cards */
        for (uint32_t n = kd_rng_below(rng, 4), i = 0; i < n; i++)
            say(s, x->card, new_key(s, KD_KEY_RECEIPT, who, TRAP_NONE), KD_LINK_CARD, rng);
    }
    if (account && chance(rng, 0.2))
        say(s, x->user, new_key(s, KD_KEY_DEVICE, who, TRAP_NONE), KD_LINK_LOGIN, rng);
}

/* They share one address: that of the account, where only one of them has one. */
static void share_email(simulated *s, shopper *x, shopper *y, kd_rng *rng)
{
    if (x->user < 0) {
        shopper *swap = x;
        x = y;
        y = swap;
    }
    if (y->user >= 0 && chance(rng, 0.8))
        say(s, y->user, x->email, KD_LINK_LOGIN, rng);
    else
        for (int i = 0; i < y->browser_count; i++)
            if (y->guest_only[i] || i == 0)
                say(s, x->email, y->browsers[i], KD_LINK_ORDER, rng);
    s->owner[x->email] = -1;
    used_by(s, x->email, x->number);
    used_by(s, x->email, y->number);
    mark(s, x, TRAP_SHARED_EMAIL);
    mark(s, y, TRAP_SHARED_EMAIL);
}

static void mistype(simulated *s, shopper *x, const shopper *other, kd_rng *rng)
{
    int32_t wrong = chance(rng, 0.5) ? new_key(s, KD_KEY_EMAIL, -1, TRAP_MISTYPED) : other->email;
    if (wrong != other->email)
        used_by(s, wrong, x->number);
    say(s, x->user >= 0 ? x->user : wrong, x->user >= 0 ? wrong : x->browsers[0], KD_LINK_ORDER, rng);
    mark(s, x, TRAP_MISTYPED);
}

static void recycle_card(simulated *s, shopper *x, shopper *y, kd_rng *rng)
{
    if (x->card < 0)
        return;
    say(s, y->user >= 0 ? y->user : x->card, y->user >= 0 ? x->card : y->email, y->user >= 0 ? KD_LINK_LOGIN : KD_LINK_CARD, rng);
    s->owner[x->card] = -1;
    used_by(s, x->card, x->number);
    used_by(s, x->card, y->number);
    mark(s, x, TRAP_RECYCLED_CARD);
    mark(s, y, TRAP_RECYCLED_CARD);
}

static void use(simulated *s, int32_t thing, const shopper *x, kd_rng *rng)
{
    used_by(s, thing, x->number);
    if (x->user >= 0 && chance(rng, 0.9))
        say(s, x->user, thing, KD_LINK_LOGIN, rng);
    else
        say(s, x->email, thing, KD_LINK_ORDER, rng);
}

static void share_tablet(simulated *s, shopper *home, size_t count, kd_rng *rng)
{
    int32_t tablet = new_key(s, KD_KEY_ANONYMOUS, -1, TRAP_TABLET);
    for (size_t i = 0; i < count; i++) {
        use(s, tablet, &home[i], rng);
        mark(s, &home[i], TRAP_TABLET);
    }
}

static void use_anothers_card(simulated *s, int32_t who, shopper *x, shopper *friend, kd_rng *rng)
{
    if (friend->card < 0)
        return;
    add_browser(s, x, who, true);
    say(s, friend->card, x->email, KD_LINK_ORDER, rng); /* an event belongs to its strongest key: the friend's card */
    say(s, friend->card, x->browsers[x->browser_count - 1], KD_LINK_ORDER, rng);
    mark(s, x, TRAP_ANOTHERS_CARD);
    mark(s, friend, TRAP_ANOTHERS_CARD);
}

void simulate(simulated *out, size_t shoppers, uint64_t seed)
{
    kd_rng   rng;
    shopper *all = calloc(shoppers + 4, sizeof *all);
    int32_t  kiosk;
    *out = (simulated){ 0 };
    kd_rng_seed(&rng, seed);
    if (!all)
        abort();
    for (size_t i = 0; i < shoppers; i++) {
        all[i] = make(out, (int32_t)i, &rng);
        live(out, &all[i], (int32_t)i, &rng);
    }
    for (size_t i = 0; i < shoppers; i++) {
        shopper *other = &all[kd_rng_below(&rng, (uint32_t)shoppers)];
        if (other == &all[i])
            continue;
        if (chance(&rng, 0.015)) /* two people each time */
            share_email(out, &all[i], other, &rng);
        if (chance(&rng, 0.02))
            mistype(out, &all[i], other, &rng);
        if (chance(&rng, 0.01))
            recycle_card(out, &all[i], other, &rng);
        if (chance(&rng, 0.02))
            use_anothers_card(out, (int32_t)i, &all[i], other, &rng);
    }
    for (size_t i = 0, size; i + 4 < shoppers; i += size) { /* homes of one to four */
        size = 1 + kd_rng_below(&rng, 4);
        if (size > 1 && chance(&rng, 0.05))
            share_tablet(out, &all[i], size, &rng);
    }
    kiosk = new_key(out, KD_KEY_ANONYMOUS, -1, TRAP_KIOSK);
    for (int i = 0; i < KIOSK_USERS; i++) {
        shopper *x = &all[kd_rng_below(&rng, (uint32_t)shoppers)];
        use(out, kiosk, x, &rng);
        mark(out, x, TRAP_KIOSK);
    }
    free(all);
}

void simulated_free(simulated *s)
{
    free(s->rows);
    free(s->owner);
    free(s->type);
    free(s->traps);
    free(s->users);
    *s = (simulated){ 0 };
}
