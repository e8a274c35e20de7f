#include "event/names.h"

#include <stdlib.h>

enum { NAME_MAX_LEN = 31 }; /* the longest of the table; a longer name is none of them */

/* Letters and digits in lower case, sorted, for bsearch. Two "started" names of a video and none of its progress or end:
 * one video seen is one piece of content. */
static const struct named { const char *name; kd_kind kind; } names[] = {
    { "addedproduct",                    KD_KIND_CART_ADD },
    { "addedproducttowishlist",          KD_KIND_WISH_ADD },
    { "addpaymentinfo",                  KD_KIND_CHECKOUT },
    { "addshippinginfo",                 KD_KIND_CHECKOUT },
    { "addtocart",                       KD_KIND_CART_ADD },
    { "addtowishlist",                   KD_KIND_WISH_ADD },
    { "articleread",                     KD_KIND_CONTENT },
    { "articleviewed",                   KD_KIND_CONTENT },
    { "begincheckout",                   KD_KIND_CHECKOUT },
    { "blogpostviewed",                  KD_KIND_CONTENT },
    { "cancelledorder",                  KD_KIND_ORDER_CANCELLED },
    { "cartshared",                      KD_KIND_SHARE },
    { "cartviewed",                      KD_KIND_CART_VIEW },
    { "checkoutprogress",                KD_KIND_CHECKOUT },
    { "checkoutstarted",                 KD_KIND_CHECKOUT },
    { "checkoutstepcompleted",           KD_KIND_CHECKOUT },
    { "checkoutstepviewed",              KD_KIND_CHECKOUT },
    { "clickedproduct",                  KD_KIND_CLICK },
    { "clickedpromotion",                KD_KIND_PROMO_CLICK },
    { "completedcheckoutstep",           KD_KIND_CHECKOUT },
    { "completedorder",                  KD_KIND_ORDER },
    { "consentpreferenceupdated",        KD_KIND_CONSENT },
    { "consentrecorded",                 KD_KIND_CONSENT },
    { "consentupdated",                  KD_KIND_CONSENT },
    { "contentviewed",                   KD_KIND_CONTENT },
    { "couponapplied",                   KD_KIND_COUPON },
    { "coupondenied",                    KD_KIND_COUPON },
    { "couponentered",                   KD_KIND_COUPON },
    { "couponredeemed",                  KD_KIND_REDEEMED },
    { "couponremoved",                   KD_KIND_COUPON },
    { "emailbounced",                    KD_KIND_BOUNCED },
    { "emailclicked",                    KD_KIND_CLICKED },
    { "emaildelivered",                  KD_KIND_DELIVERED },
    { "emaillinkclicked",                KD_KIND_CLICKED },
    { "emailmarkedasspam",               KD_KIND_EMAIL },
    { "emailopened",                     KD_KIND_OPENED },
    { "emailsent",                       KD_KIND_SENT },
    { "emailunsubscribed",               KD_KIND_UNSUBSCRIBED },
    { "guideviewed",                     KD_KIND_CONTENT },
    { "letterbounced",                   KD_KIND_BOUNCED },
    { "letterdelivered",                 KD_KIND_DELIVERED },
    { "letterreturned",                  KD_KIND_BOUNCED },
    { "lettersent",                      KD_KIND_SENT },
    { "letterunsubscribed",              KD_KIND_UNSUBSCRIBED },
    { "messagebounced",                  KD_KIND_BOUNCED },
    { "messageclicked",                  KD_KIND_CLICKED },
    { "messagedelivered",                KD_KIND_DELIVERED },
    { "messagelinkclicked",              KD_KIND_CLICKED },
    { "messageopened",                   KD_KIND_OPENED },
    { "messagesent",                     KD_KIND_SENT },
    { "messageunsubscribed",             KD_KIND_UNSUBSCRIBED },
    { "ordercanceled",                   KD_KIND_ORDER_CANCELLED },
    { "ordercancelled",                  KD_KIND_ORDER_CANCELLED },
    { "ordercompleted",                  KD_KIND_ORDER },
    { "orderrefunded",                   KD_KIND_RETURN },
    { "orderreturned",                   KD_KIND_RETURN },
    { "orderupdated",                    KD_KIND_ORDER_UPDATED },
    { "paymentinfoentered",              KD_KIND_CHECKOUT },
    { "pointsadjusted",                  KD_KIND_POINTS_ADJUSTED },
    { "pointsearned",                    KD_KIND_POINTS_EARNED },
    { "pointsexpired",                   KD_KIND_POINTS_EXPIRED },
    { "pointsredeemed",                  KD_KIND_POINTS_REDEEMED },
    { "preferencestated",                KD_KIND_PREFERENCE },
    { "productadded",                    KD_KIND_CART_ADD },
    { "productaddedtocart",              KD_KIND_CART_ADD },
    { "productaddedtowishlist",          KD_KIND_WISH_ADD },
    { "productcategoryviewed",           KD_KIND_LIST },
    { "productclicked",                  KD_KIND_CLICK },
    { "productlistfiltered",             KD_KIND_LIST },
    { "productlistviewed",               KD_KIND_LIST },
    { "productremoved",                  KD_KIND_CART_REMOVE },
    { "productremovedfromcart",          KD_KIND_CART_REMOVE },
    { "productremovedfromwishlist",      KD_KIND_WISH_REMOVE },
    { "productreturned",                 KD_KIND_RETURN },
    { "productreviewed",                 KD_KIND_REVIEW },
    { "productsearched",                 KD_KIND_SEARCH },
    { "productshared",                   KD_KIND_SHARE },
    { "productsreturned",                KD_KIND_RETURN },
    { "productssearched",                KD_KIND_SEARCH },
    { "productviewed",                   KD_KIND_VIEW },
    { "promotionclicked",                KD_KIND_PROMO_CLICK },
    { "promotionviewed",                 KD_KIND_PROMO_VIEW },
    { "purchase",                        KD_KIND_ORDER },
    { "pushbounced",                     KD_KIND_BOUNCED },
    { "pushclicked",                     KD_KIND_CLICKED },
    { "pushdelivered",                   KD_KIND_DELIVERED },
    { "pushlinkclicked",                 KD_KIND_CLICKED },
    { "pushnotificationbounced",         KD_KIND_BOUNCED },
    { "pushnotificationreceived",        KD_KIND_DELIVERED },
    { "pushnotificationsent",            KD_KIND_SENT },
    { "pushnotificationtapped",          KD_KIND_CLICKED },
    { "pushopened",                      KD_KIND_OPENED },
    { "pushsent",                        KD_KIND_SENT },
    { "pushunsubscribed",                KD_KIND_UNSUBSCRIBED },
    { "refund",                          KD_KIND_RETURN },
    { "refundedorder",                   KD_KIND_RETURN },
    { "removedproduct",                  KD_KIND_CART_REMOVE },
    { "removedproductfromwishlist",      KD_KIND_WISH_REMOVE },
    { "removefromcart",                  KD_KIND_CART_REMOVE },
    { "removefromwishlist",              KD_KIND_WISH_REMOVE },
    { "reviewedproduct",                 KD_KIND_REVIEW },
    { "search",                          KD_KIND_SEARCH },
    { "segmentconsentpreferenceupdated", KD_KIND_CONSENT },
    { "selectitem",                      KD_KIND_CLICK },
    { "selectpromotion",                 KD_KIND_PROMO_CLICK },
    { "servicemailreceived",             KD_KIND_SERVICE },
    { "servicemailsent",                 KD_KIND_SERVICE },
    { "servicemessagereceived",          KD_KIND_SERVICE },
    { "servicemessagesent",              KD_KIND_SERVICE },
    { "share",                           KD_KIND_SHARE },
    { "sharedcart",                      KD_KIND_SHARE },
    { "sharedproduct",                   KD_KIND_SHARE },
    { "smsbounced",                      KD_KIND_BOUNCED },
    { "smsclicked",                      KD_KIND_CLICKED },
    { "smsdelivered",                    KD_KIND_DELIVERED },
    { "smslinkclicked",                  KD_KIND_CLICKED },
    { "smsopened",                       KD_KIND_OPENED },
    { "smssent",                         KD_KIND_SENT },
    { "smsunsubscribed",                 KD_KIND_UNSUBSCRIBED },
    { "startedcheckout",                 KD_KIND_CHECKOUT },
    { "unsubscribed",                    KD_KIND_UNSUBSCRIBED },
    { "updatedorder",                    KD_KIND_ORDER_UPDATED },
    { "videocontentstarted",             KD_KIND_CONTENT },
    { "videoplaybackstarted",            KD_KIND_CONTENT },
    { "videostart",                      KD_KIND_CONTENT },
    { "videoviewed",                     KD_KIND_CONTENT },
    { "viewcart",                        KD_KIND_CART_VIEW },
    { "viewedcart",                      KD_KIND_CART_VIEW },
    { "viewedcheckoutstep",              KD_KIND_CHECKOUT },
    { "viewedproduct",                   KD_KIND_VIEW },
    { "viewedproductcategory",           KD_KIND_LIST },
    { "viewedpromotion",                 KD_KIND_PROMO_VIEW },
    { "viewitem",                        KD_KIND_VIEW },
    { "viewitemlist",                    KD_KIND_LIST },
    { "viewpromotion",                   KD_KIND_PROMO_VIEW },
    { "viewsearchresults",               KD_KIND_SEARCH },
    { "wishlistproductaddedtocart",      KD_KIND_CART_ADD },
};

static int compare_name(const void *name, const void *row)
{
    return strcmp(name, ((const struct named *)row)->name);
}

/* By which channel a message went, as the event's name tells it. */
kd_channel kd_channel_of_message(kd_str name)
{
    static const struct { const char *begins; kd_channel channel; } channels[] = {
        { "email", KD_CHANNEL_EMAIL }, { "push", KD_CHANNEL_PUSH }, { "sms", KD_CHANNEL_SMS }, { "letter", KD_CHANNEL_POST },
    };
    for (size_t i = 0; i < sizeof channels / sizeof *channels; i++) {
        kd_str begin = { name.ptr, strlen(channels[i].begins) };
        if (name.len > begin.len && kd_str_is_nocase(begin, channels[i].begins))
            return channels[i].channel;
    }
    return KD_CHANNEL_UNKNOWN;
}

kd_kind kd_kind_of_name(kd_str name)
{
    char                plain[NAME_MAX_LEN + 1];
    size_t              len = 0;
    const struct named *row;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (c == ' ' || c == '_' || c == '-')
            continue;
        if (len == NAME_MAX_LEN)
            return KD_KIND_CUSTOM;
        plain[len++] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    plain[len] = '\0';
    row = bsearch(plain, names, sizeof names / sizeof *names, sizeof *names, compare_name);
    return row ? row->kind : KD_KIND_CUSTOM;
}
