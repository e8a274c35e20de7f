#include "event/import_run.h"

#include <stdio.h>

#include "event/commerce.h"
#include "event/import_values.h"

/* Files whose rows say what happened to a person, besides purchases: a message reached them (contacts), their points moved
 * (points), they or we wrote something (texts), they said what their data may be used for (consents). Each row becomes the track call that any other source would send, and is read
 * by the collect door's own parser. */

/* Who a row speaks of; every table here begins with these. */
enum { W_USER, W_ANONYMOUS, W_EMAIL, W_PHONE, W_CARD, W_TILL, W_TIME, W_ID, W_COUNT };
#define WHO_FIELDS \
    [W_USER] = { "customer", "customerid customer userid user householdid customernumber customerno", false }, \
    [W_ANONYMOUS] = { "anonymous_id", "anonymousid cookie cookieid", false }, \
    [W_EMAIL] = { "email", "email emailaddress recipient to", false }, \
    [W_PHONE] = { "phone", "phone phonenumber mobile", false }, \
    [W_CARD] = { "card", "card cardid loyaltycard loyaltyid loyaltycardid cardnumber", false }, \
    [W_TILL] = { "till_customer", "tillcustomer tillcustomernumber tillcustomerno", false }, \
    [W_TIME] = { "time", "time timestamp datetime date at occurredat redemptiondate sentat createdat", false }, \
    [W_ID] = { "message_id", "messageid eventid", false }

/* The call up to its properties. */
static kd_status begin_call(kd_jw *w, const kd_import *run, const kd_row *row, const char *event, const char *channel, kd_err *err)
{
    kd_jw_object(w);
    KD_JW_Z(w, "type", "track");
    KD_JW_Z(w, "event", event);
    if (row->field[W_ID].len > 0)
        KD_JW_STR(w, "messageId", row->field[W_ID]);
    else
        kd_import_write_id(w, run, row);
    kd_status status = kd_import_write_time(w, run, row->field[W_TIME], "time", err);
    kd_import_write_text(w, "userId", row->field[W_USER]);
    kd_import_write_text(w, "anonymousId", row->field[W_ANONYMOUS]);
    if (channel)
        KD_JW_Z(w, "channel", channel);
    kd_jw_key(w, "context");
    kd_jw_object(w);
    kd_jw_key(w, "traits");
    kd_jw_object(w);
    kd_import_write_known_as(w, row->field[W_EMAIL], row->field[W_PHONE], row->field[W_CARD]);
    kd_jw_object_end(w);
    if (row->field[W_TILL].len > 0) {
        kd_jw_key(w, "externalIds");
        kd_jw_array(w);
        kd_jw_object(w);
        KD_JW_Z(w, "type", "tillCustomerNumber");
        KD_JW_STR(w, "id", row->field[W_TILL]);
        kd_jw_object_end(w);
        kd_jw_array_end(w);
    }
    kd_jw_object_end(w);
    kd_jw_key(w, "properties");
    kd_jw_object(w);
    return status;
}

static kd_status end_call(kd_jw *w, const kd_row *row)
{
    kd_import_write_others(w, row);
    kd_jw_object_end(w);
    kd_jw_object_end(w);
    return KD_OK;
}

/* A number as JSON; KD_INVALID when it is none. */
static kd_status write_number(kd_jw *w, const kd_import *run, kd_str text, const char *field, kd_err *err)
{
    int64_t micro = 0;
    if (text.len == 0)
        return KD_OK;
    if (!kd_micro_parse(&micro, text, run->options->decimal_comma))
        return kd_fail_field(err, KD_INVALID, field, "not a number with a decimal %s", run->options->decimal_comma ? "comma" : "point");
    kd_jw_key(w, field);
    kd_jw_fixed(w, micro, 6);
    return KD_OK;
}

/* ---- contacts ---- */

enum { C_ACTION = W_COUNT, C_CHANNEL, C_CAMPAIGN, C_COUPON, C_ORDER, C_COST, C_CURRENCY };
static const kd_import_field contact_fields[] = {
    WHO_FIELDS,
    [C_ACTION] = { "action", "action event status eventtype type", true },
    [C_CHANNEL] = { "channel", "channel medium", false },
    [C_CAMPAIGN] = { "campaign", "campaignid campaign mailingid mailing", false },
    [C_COUPON] = { "coupon", "couponupc couponid coupon couponcode voucher code offerid offer", false },
    [C_ORDER] = { "order", "orderid order basketid receiptid receipt", false },
    [C_COST] = { "cost", "cost price", false },
    [C_CURRENCY] = { "currency", "currency currencycode", false },
};
static const kd_import_table contact_table = { contact_fields, sizeof contact_fields / sizeof *contact_fields, true };

typedef struct deed { const char *words, *name; bool coupon; } deed;
static const deed deeds[] = {
    { " sent send mailed targeted dispatched processed ", "Sent", false },
    { " delivered delivery received ", "Delivered", false },
    { " opened open viewed ", "Opened", false },
    { " clicked click linkclicked tapped ", "Clicked", false },
    { " bounced bounce returned undeliverable dropped ", "Bounced", false },
    { " unsubscribed unsubscribe optout optedout ", "Unsubscribed", false },
    { " redeemed redemption redeem used ", "Redeemed", true },
};

static const deed *deed_of(kd_str action)
{
    char   word[34] = " ";
    size_t len = 1;
    for (size_t i = 0; i < action.len && len < sizeof word - 2; i++) {
        char c = action.ptr[i];
        if (c != ' ' && c != '_' && c != '-')
            word[len++] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    word[len] = ' ';
    for (size_t i = 0; len > 1 && i < sizeof deeds / sizeof *deeds; i++)
        if (strstr(deeds[i].words, word))
            return &deeds[i];
    return NULL;
}

/* What the collect door calls a message by this channel. */
static const char *message_by(kd_channel channel)
{
    return channel == KD_CHANNEL_EMAIL ? "Email" : channel == KD_CHANNEL_PUSH ? "Push" : channel == KD_CHANNEL_SMS ? "SMS" : "Message";
}

/* The day on which a campaign began, for rows that say only that it reached somebody. */
static kd_status campaign_start(char out[25], const kd_import *run, kd_str campaign, kd_err *err)
{
    kd_arena      *arena = kd_arena_new(1 << 20);
    const kd_json *json = NULL;
    kd_doc         doc = { 0 };
    kd_status      status = !arena ? kd_fail_memory(err) : campaign.len == 0 ? KD_NOT_FOUND
                                   : kd_reader_doc(&doc, run->to->reader, KD_STR("outreach"), campaign, arena, err);
    if (status == KD_OK)
        status = kd_json_parse(&json, arena, doc.body.ptr, doc.body.len, err);
    kd_str start = status == KD_OK ? kd_json_text(kd_json_get(json, "start")) : (kd_str){ 0 };
    if ((status == KD_OK && start.len != 10) || status == KD_NOT_FOUND)
        status = kd_fail_field(err, KD_INVALID, "time", "no time, and no campaign known whose start could stand for it");
    if (status == KD_OK)
        snprintf(out, 25, "%.10sT00:00:00Z", start.ptr);
    kd_arena_free(arena);
    return status;
}

static kd_status contact_json(kd_jw *w, const kd_import *run, const kd_row *row, kd_err *err)
{
    const deed *did = deed_of(row->field[C_ACTION]);
    kd_channel  channel = kd_channel_of_name(row->field[C_CHANNEL]);
    kd_row      timed = *row;
    char        name[40], start[25];
    kd_status   status = KD_OK;
    if (!did)
        return kd_fail_field(err, KD_INVALID, "action", "must be sent, delivered, opened, clicked, bounced, unsubscribed or redeemed");
    if (row->field[C_CHANNEL].len > 0 && channel == KD_CHANNEL_UNKNOWN)
        return kd_fail_field(err, KD_INVALID, "channel", "must be email, post, push, sms, web, app or store");
    if (did->coupon && row->field[C_COUPON].len == 0)
        return kd_fail_field(err, KD_INVALID, "coupon", "redeemed, but no coupon is named");
    if (row->field[W_TIME].len == 0) {
        if ((status = campaign_start(start, run, row->field[C_CAMPAIGN], err)) != KD_OK)
            return status;
        timed.field[W_TIME] = kd_str_z(start);
    }
    snprintf(name, sizeof name, "%s %s", did->coupon ? "Coupon" : message_by(channel), did->name);
    char wire[16];
    snprintf(wire, sizeof wire, "%.*s", (int)(row->field[C_CHANNEL].len > 15 ? 15 : row->field[C_CHANNEL].len), row->field[C_CHANNEL].ptr ? row->field[C_CHANNEL].ptr : "");
    status = begin_call(w, run, &timed, name, wire[0] ? wire : NULL, err);
    kd_import_write_text(w, "campaign_id", row->field[C_CAMPAIGN]);
    kd_import_write_text(w, "coupon_id", row->field[C_COUPON]);
    kd_import_write_text(w, "order_id", row->field[C_ORDER]);
    if (status == KD_OK)
        status = write_number(w, run, row->field[C_COST], "cost", err);
    if (row->field[C_COST].len > 0 && row->field[C_CURRENCY].len > 0)
        KD_JW_STR(w, "currency", row->field[C_CURRENCY]);
    else if (row->field[C_COST].len > 0)
        KD_JW_Z(w, "currency", run->options->currency.code);
    return status == KD_OK ? end_call(w, row) : status;
}

/* ---- points ---- */

enum { P_POINTS = W_COUNT, P_TYPE, P_REASON, P_ORDER };
static const kd_import_field point_fields[] = {
    WHO_FIELDS,
    [P_POINTS] = { "points", "points amount value", true },
    [P_TYPE] = { "type", "type action event kind", false },
    [P_REASON] = { "reason", "reason description note", false },
    [P_ORDER] = { "order", "orderid order receiptid receipt", false },
};
static const kd_import_table point_table = { point_fields, sizeof point_fields / sizeof *point_fields, true };

static kd_status point_json(kd_jw *w, const kd_import *run, const kd_row *row, kd_err *err)
{
    static const struct { const char *words, *name; } moves[] = {
        { " earned earn credit accrual accrued ", "Points Earned" }, { " redeemed redeem spent burned burn ", "Points Redeemed" },
        { " expired expire expiry ", "Points Expired" }, { " adjusted adjust adjustment correction ", "Points Adjusted" },
    };
    const char *name = NULL;
    char        word[24];
    bool        negative = row->field[P_POINTS].len > 0 && row->field[P_POINTS].ptr[0] == '-';
    if (row->field[P_TYPE].len == 0)
        name = negative ? "Points Redeemed" : "Points Earned";
    int len = snprintf(word, sizeof word, " %.*s ", (int)(row->field[P_TYPE].len > 20 ? 20 : row->field[P_TYPE].len), row->field[P_TYPE].ptr ? row->field[P_TYPE].ptr : "");
    for (int i = 0; i < len; i++)
        word[i] = word[i] >= 'A' && word[i] <= 'Z' ? (char)(word[i] - 'A' + 'a') : word[i];
    for (size_t i = 0; !name && i < sizeof moves / sizeof *moves; i++)
        if (strstr(moves[i].words, word))
            name = moves[i].name;
    if (!name)
        return kd_fail_field(err, KD_INVALID, "type", "must be earned, redeemed, expired or adjusted");
    if (row->field[P_POINTS].len == 0)
        return kd_fail_field(err, KD_INVALID, "points", "no number of points");
    if (row->field[W_TIME].len == 0)
        return kd_fail_field(err, KD_INVALID, "time", "no date");
    kd_status status = begin_call(w, run, row, name, NULL, err);
    if (status == KD_OK)
        status = write_number(w, run, row->field[P_POINTS], "points", err);
    kd_import_write_text(w, "reason", row->field[P_REASON]);
    kd_import_write_text(w, "order_id", row->field[P_ORDER]);
    return status == KD_OK ? end_call(w, row) : status;
}

/* ---- texts ---- */

enum { T_TEXT = W_COUNT, T_KIND, T_TITLE, T_PRODUCT, T_RATING, T_LANGUAGE };
static const kd_import_field text_fields[] = {
    WHO_FIELDS,
    [T_TEXT] = { "text", "text body reviewtext review comment message content", true },
    [T_KIND] = { "kind", "kind type", false },
    [T_TITLE] = { "title", "title subject headline", false },
    [T_PRODUCT] = { "product", "productid product itemid item sku", false },
    [T_RATING] = { "rating", "rating stars score", false },
    [T_LANGUAGE] = { "language", "language lang locale", false },
};
static const kd_import_table text_table = { text_fields, sizeof text_fields / sizeof *text_fields, true };

static kd_status text_json(kd_jw *w, const kd_import *run, const kd_row *row, kd_err *err)
{
    static const struct { const char *kind, *name; } kinds[] = {
        { "review", "Product Reviewed" }, { "mail", "Service Message Received" }, { "received", "Service Message Received" },
        { "answer", "Service Message Sent" }, { "sent", "Service Message Sent" },
    };
    kd_str      kind = row->field[T_KIND].len > 0 ? row->field[T_KIND] : row->field[T_PRODUCT].len > 0 ? KD_STR("review") : KD_STR("mail");
    const char *name = NULL;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kd_str_is_nocase(kind, kinds[i].kind))
            name = kinds[i].name;
    if (!name)
        return kd_fail_field(err, KD_INVALID, "kind", "must be review, mail (the person wrote) or answer (we wrote)");
    if (row->field[T_TEXT].len == 0)
        return kd_fail_field(err, KD_INVALID, "text", "empty");
    if (row->field[W_TIME].len == 0)
        return kd_fail_field(err, KD_INVALID, "time", "no date");
    kd_status status = begin_call(w, run, row, name, NULL, err);
    kd_import_write_text(w, "product_id", row->field[T_PRODUCT]);
    if (status == KD_OK)
        status = write_number(w, run, row->field[T_RATING], "rating", err);
    kd_import_write_text(w, "title", row->field[T_TITLE]);
    kd_import_write_text(w, "text", row->field[T_TEXT]);
    kd_import_write_text(w, "language", row->field[T_LANGUAGE]);
    return status == KD_OK ? end_call(w, row) : status;
}

/* ---- consents ---- */

enum { S_PURPOSE = W_COUNT, S_GRANTED, S_SOURCE, S_POLICY, S_PROOF };
static const kd_import_field consent_fields[] = {
    WHO_FIELDS,
    [S_PURPOSE] = { "purpose", "purpose category permission channel", true },
    [S_GRANTED] = { "granted", "granted consent optin subscribed value status", true },
    [S_SOURCE] = { "source", "source origin", false },
    [S_POLICY] = { "policy", "policy policyversion version textversion", false },
    [S_PROOF] = { "proof", "proof reference evidence document", false },
};
static const kd_import_table consent_table = { consent_fields, sizeof consent_fields / sizeof *consent_fields, true };

/* 1, 0, or -1: neither a yes nor a no. */
static int answer_of(kd_str text)
{
    static const char *const yes[] = { "true", "yes", "1", "granted", "optin", "opt-in", "subscribed", "ja" };
    static const char *const no[] = { "false", "no", "0", "denied", "refused", "withdrawn", "optout", "opt-out", "unsubscribed", "nein" };
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        if (kd_str_is_nocase(text, yes[i]))
            return 1;
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        if (kd_str_is_nocase(text, no[i]))
            return 0;
    return -1;
}

/* Without a time it would be newer than every withdrawal; what may lie in the file for years must say when it was said. */
static kd_status consent_json(kd_jw *w, const kd_import *run, const kd_row *row, kd_err *err)
{
    const int answer = answer_of(row->field[S_GRANTED]);
    if (row->field[S_PURPOSE].len == 0 || (run->to->policy && !kd_policy_of_category(run->to->policy, row->field[S_PURPOSE])))
        return kd_fail_field(err, KD_INVALID, "purpose", "must be a purpose, or a category that a purpose names");
    if (answer < 0)
        return kd_fail_field(err, KD_INVALID, "granted", "must be yes or no, true or false, 1 or 0");
    if (row->field[W_TIME].len == 0)
        return kd_fail_field(err, KD_INVALID, "time", "when was it said? A consent without a time would undo later withdrawals");
    kd_status status = begin_call(w, run, row, "Consent Recorded", NULL, err);
    kd_jw_key(w, "purposes");
    kd_jw_object(w);
    kd_jw_key_str(w, row->field[S_PURPOSE]);
    kd_jw_bool(w, answer == 1);
    kd_jw_object_end(w);
    KD_JW_STR(w, "source", row->field[S_SOURCE].len ? row->field[S_SOURCE] : KD_STR("import"));
    kd_import_write_text(w, "policy", row->field[S_POLICY]);
    kd_import_write_text(w, "proof", row->field[S_PROOF]);
    return status == KD_OK ? end_call(w, row) : status;
}

kd_status kd_import_deeds(kd_import *run, kd_err *err)
{
    static const kd_row_kind contacts = { &contact_table, contact_json, KD_CALL_TRACK }, points = { &point_table, point_json, KD_CALL_TRACK },
                             texts = { &text_table, text_json, KD_CALL_TRACK }, consents = { &consent_table, consent_json, KD_CALL_TRACK };
    return kd_import_rows_as_calls(run, run->options->what == KD_IMPORT_CONTACTS ? &contacts : run->options->what == KD_IMPORT_POINTS ? &points
                                      : run->options->what == KD_IMPORT_CONSENTS ? &consents : &texts, err);
}
