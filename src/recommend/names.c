/* The words of recipes, terms and removals, as answers, documents and receipts say them. */
#include "recommend/recommend.h"

static const char *const recipe_names[KD_RECIPE_COUNT] = { "for-you", "also-bought", "also-viewed", "viewed-then-bought", "cart", "popular",
                                                           "trending", "recently-viewed" };

const char *kd_recipe_name(kd_recipe recipe) { return (unsigned)recipe < KD_RECIPE_COUNT ? recipe_names[recipe] : "unknown"; }

kd_status kd_recipe_parse(kd_recipe *out, kd_str name, kd_err *err)
{
    for (int r = 0; r < KD_RECIPE_COUNT; r++) {
        if (kd_str_is(name, recipe_names[r])) {
            *out = (kd_recipe)r;
            return KD_OK;
        }
    }
    return kd_fail_field(err, KD_INVALID, "recipe", "there is no recipe of this name; known are for-you, also-bought, also-viewed, "
                                                    "viewed-then-bought, cart, popular, trending, recently-viewed");
}

const char *kd_term_kind_name(kd_term_kind kind)
{
    static const char *const names[] = { "bought", "viewed", "cart", "wished", "context", "affinity", "trend", "popular", "recent", "stated", "surprise" };
    return (size_t)kind < sizeof names / sizeof *names ? names[kind] : "unknown";
}

const char *kd_removal_name(kd_removal why)
{
    static const char *const names[] = { "bought", "stock", "size", "filter", "asked", "cart", "hidden", "sensitive", "not-for-me" };
    return (size_t)why < sizeof names / sizeof *names ? names[why] : "unknown";
}
