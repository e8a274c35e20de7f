/* The documents that a new database starts with, and the names of what is never kept. */
#include "customer/policy_words.h"

#include "customer/policy.h"

/* Shops differ in what they may rest on; this is what a shop with a privacy notice and no banner may do in the European Union:
 * serve its customers, show them their own taste with a right to object, write to nobody and hand on nothing unasked. */
const kd_policy_word kd_policy_words[] = {
    { "purpose", "operate", "{\"title\":\"Serve you\",\"text\":\"Orders, returns, receipts and your account.\",\"basis\":\"contract\"}" },
    { "purpose", "personalise", "{\"title\":\"Show what fits you\",\"text\":\"Choose what you see by what you looked at and bought.\",\"basis\":\"legitimate-interest\","
      "\"categories\":[\"Personalization\",\"Personalisation\",\"Functional\",\"Functionality\",\"Preferences\",\"Personalized content\",\"C0003\"]}" },
    { "purpose", "analyse", "{\"title\":\"Improve the shop\",\"text\":\"Count what is used, and test what works.\",\"basis\":\"legitimate-interest\","
      "\"categories\":[\"Analytics\",\"Analyze\",\"Performance\",\"Statistics\",\"Measurement\",\"C0002\"]}" },
    { "purpose", "market-email", "{\"title\":\"E-mail\",\"text\":\"Offers and news by e-mail.\",\"basis\":\"consent\",\"categories\":[\"Email\",\"Email marketing\",\"Newsletter\"]}" },
    { "purpose", "market-post", "{\"title\":\"Post\",\"text\":\"Offers and catalogues by post.\",\"basis\":\"consent\",\"categories\":[\"Direct mail\",\"Post\",\"Postal mail\"]}" },
    { "purpose", "market-push", "{\"title\":\"Messages on your device\",\"text\":\"Offers as messages on your device.\",\"basis\":\"consent\",\"categories\":[\"Push\",\"Push notifications\"]}" },
    { "purpose", "share", "{\"title\":\"Hand on to partners\",\"text\":\"Pass data on to others, for advertising too.\",\"basis\":\"consent\",\"gpc\":true,"
      "\"categories\":[\"Advertising\",\"Marketing\",\"Targeting\",\"Social media\",\"Sale of data\",\"Data sharing\",\"C0004\",\"C0005\"]}" },
    { "purpose", "sensitive", "{\"title\":\"Sensitive matters\",\"text\":\"Let health, faith or intimate matters count.\",\"basis\":\"consent\",\"categories\":[\"Sensitive data\"]}" },

    { "data-class", KD_CLASS_BEHAVIOUR, "{\"title\":\"What was looked at\",\"purposes\":[\"personalise\",\"analyse\"]}" },
    { "data-class", KD_CLASS_ORDERS, "{\"title\":\"Orders and returns\",\"purposes\":[\"operate\",\"personalise\",\"analyse\"],"
      "\"kinds\":[\"order\",\"order_updated\",\"order_cancelled\",\"return\",\"coupon_redeemed\",\"points_earned\",\"points_redeemed\",\"points_expired\",\"points_adjusted\",\"service\"]}" },
    { "data-class", KD_CLASS_MARKETING, "{\"title\":\"Messages and promotions\",\"purposes\":[\"operate\",\"personalise\",\"analyse\",\"market-email\",\"market-post\",\"market-push\"],"
      "\"kinds\":[\"email\",\"message_sent\",\"message_delivered\",\"message_opened\",\"message_clicked\",\"message_bounced\",\"unsubscribed\",\"promo_view\",\"promo_click\",\"coupon\"]}" },
    { "data-class", KD_CLASS_REVIEWS, "{\"title\":\"Reviews\",\"purposes\":[\"operate\",\"personalise\",\"analyse\"],\"kinds\":[\"review\"]}" },
    { "data-class", KD_CLASS_ACCOUNT, "{\"title\":\"The account\",\"purposes\":[\"operate\",\"personalise\",\"analyse\"],\"kinds\":[\"identify\",\"alias\",\"group\"]}" },
    { "data-class", KD_CLASS_PREFERENCES, "{\"title\":\"What was stated\",\"purposes\":[\"operate\",\"personalise\",\"analyse\"],\"kinds\":[\"preference\"]}" },
    { "data-class", KD_CLASS_CONSENT, "{\"title\":\"Consents\",\"purposes\":[\"operate\"],\"kinds\":[\"consent\"]}" },
    { "data-class", KD_CLASS_CONTACT, "{\"title\":\"How to reach you\",\"purposes\":[\"operate\",\"market-email\",\"market-post\",\"market-push\"]}" },
    { "data-class", KD_CLASS_IDENTITY, "{\"title\":\"Who you are to us\",\"purposes\":[\"operate\",\"market-email\",\"market-post\",\"market-push\"]}" },

    { "field", "email", "{\"title\":\"E-mail\",\"class\":\"contact\"}" },
    { "field", "phone", "{\"title\":\"Phone\",\"class\":\"contact\"}" },
    { "field", "address", "{\"title\":\"Address\",\"class\":\"contact\"}" },
    { "field", "street", "{\"title\":\"Street\",\"class\":\"contact\"}" },
    { "field", "name", "{\"title\":\"Name\",\"class\":\"contact\"}" },
    { "field", "firstName", "{\"title\":\"First name\",\"class\":\"contact\"}" },
    { "field", "lastName", "{\"title\":\"Last name\",\"class\":\"contact\"}" },
    { "field", "firstname", "{\"title\":\"First name\",\"class\":\"contact\"}" },
    { "field", "lastname", "{\"title\":\"Last name\",\"class\":\"contact\"}" },
    { "field", "first_name", "{\"title\":\"First name\",\"class\":\"contact\"}" },
    { "field", "last_name", "{\"title\":\"Last name\",\"class\":\"contact\"}" },
    { "field", "birthday", "{\"title\":\"Birthday\",\"class\":\"contact\"}" },
    { "field", "loyalty_id", "{\"title\":\"Loyalty card\",\"class\":\"identity\"}" },
    { "field", "loyaltyId", "{\"title\":\"Loyalty card\",\"class\":\"identity\"}" },
    { "field", "card_id", "{\"title\":\"Loyalty card\",\"class\":\"identity\"}" },
    { "field", "cardId", "{\"title\":\"Loyalty card\",\"class\":\"identity\"}" },
};
const size_t kd_policy_word_count = sizeof kd_policy_words / sizeof *kd_policy_words;

/* Lower case without '_', '-', '.', blanks. `whole`: only as the whole name ("face" is also a category of cream's "surface"). */
static const struct { const char *word; bool whole; } biometric[] = {
    { "face", true }, { "faces", true }, { "iris", true }, { "retina", true }, { "palm", true }, { "gait", true }, { "voice", true }, { "dna", true },
    { "facegeometry", false }, { "faceid", true }, { "faceprint", false }, { "facetemplate", false }, { "facescan", false }, { "facevector", false },
    { "faceembedding", false }, { "faceencoding", false }, { "facerecognition", false }, { "facialrecognition", false }, { "facialgeometry", false },
    { "facialtemplate", false }, { "facialfeatures", false }, { "facelandmarks", false }, { "fingerprint", false }, { "thumbprint", false },
    { "palmprint", false }, { "palmvein", false }, { "palmscan", false }, { "handgeometry", false }, { "veinpattern", false }, { "voiceprint", false }, { "voicetemplate", false },
    { "voicebiometric", false }, { "speakerprint", false }, { "irisscan", false }, { "iristemplate", false }, { "iriscode", false }, { "retinascan", false },
    { "gaitpattern", false }, { "gaitanalysis", false }, { "keystrokedynamics", false }, { "typingpattern", false }, { "biometric", false },
    { "dnaprofile", false }, { "genome", false }, { "genotype", false }, { "touchid", true },
};

bool kd_is_biometric(kd_str name)
{
    char   plain[64];
    size_t len = 0;
    for (size_t i = 0; i < name.len && len < sizeof plain - 1; i++) {
        char c = name.ptr[i];
        if (c != '_' && c != '-' && c != '.' && c != ' ')
            plain[len++] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    plain[len] = '\0';
    for (size_t i = 0; len >= 3 && i < sizeof biometric / sizeof *biometric; i++)
        if (biometric[i].whole ? strcmp(plain, biometric[i].word) == 0 : strstr(plain, biometric[i].word) != NULL)
            return true;
    return false;
}
