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

/* Lower case without '_', '-', '.', blanks: as the whole name ("face" is also in "surface"), or anywhere in it. By first
 * letter, since every name in every event is looked at. */
enum { BIOMETRIC_OF_A_LETTER = 15, WHOLE_MAX = 7, PART_MIN = 6 };
static const char *const biometric_whole[] = { "face", "faces", "iris", "retina", "palm", "gait", "voice", "dna", "faceid", "touchid" };
static const char *const biometric_part[26][BIOMETRIC_OF_A_LETTER] = { /* ended by NULL */
    ['b' - 'a'] = { "biometric" },
    ['d' - 'a'] = { "dnaprofile" },
    ['f' - 'a'] = { "facegeometry", "faceprint", "facetemplate", "facescan", "facevector", "faceembedding", "faceencoding",
        "facerecognition", "facialrecognition", "facialgeometry", "facialtemplate", "facialfeatures", "facelandmarks", "fingerprint" },
    ['g' - 'a'] = { "gaitpattern", "gaitanalysis", "genome", "genotype" },
    ['h' - 'a'] = { "handgeometry" },
    ['i' - 'a'] = { "irisscan", "iristemplate", "iriscode" },
    ['k' - 'a'] = { "keystrokedynamics" },
    ['p' - 'a'] = { "palmprint", "palmvein", "palmscan" },
    ['r' - 'a'] = { "retinascan" },
    ['s' - 'a'] = { "speakerprint" },
    ['t' - 'a'] = { "thumbprint", "typingpattern" },
    ['v' - 'a'] = { "veinpattern", "voiceprint", "voicetemplate", "voicebiometric" },
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
    for (size_t i = 0; len >= 3 && len <= WHOLE_MAX && i < sizeof biometric_whole / sizeof *biometric_whole; i++)
        if (plain[0] == biometric_whole[i][0] && strcmp(plain, biometric_whole[i]) == 0)
            return true;
    for (size_t at = 0; at + PART_MIN <= len; at++) {
        const unsigned letter = (unsigned)plain[at] - 'a';
        for (size_t i = 0; letter < 26 && biometric_part[letter][i]; i++)
            if (plain[at + 1] == biometric_part[letter][i][1] && strncmp(plain + at, biometric_part[letter][i], strlen(biometric_part[letter][i])) == 0)
                return true;
    }
    return false;
}
