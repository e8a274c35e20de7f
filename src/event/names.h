/* event/names.h -- what an event is called, and what it then means: the e-commerce v2 names (and their elder spellings),
 * GA4's, e-mail and content events. Case, blanks, '_' and '-' do not matter: "Product Viewed" is "product_viewed". */
#ifndef KD_EVENT_NAMES_H
#define KD_EVENT_NAMES_H
#include "customer/fact.h"

/* KD_KIND_CUSTOM for names we do not know: such events are kept, they only say nothing about products. */
kd_kind kd_kind_of_name(kd_str name);
/* By which channel a message went: "Email Opened", "SMS Sent", "Letter Sent"; KD_CHANNEL_UNKNOWN where the name does not tell. */
kd_channel kd_channel_of_message(kd_str name);
#endif
