/* customer/policy_words.h -- what a policy is before anybody wrote a document. Private to policy.c. */
#ifndef KD_CUSTOMER_POLICY_WORDS_H
#define KD_CUSTOMER_POLICY_WORDS_H
#include "base/string.h"

typedef struct kd_policy_word { const char *kind, *id, *body; } kd_policy_word; /* as documents: read by the same reader */
extern const kd_policy_word kd_policy_words[];
extern const size_t         kd_policy_word_count;
#endif
