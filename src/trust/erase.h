/* trust/erase.h -- a person is taken out of the house, step by step, and it can be proved.
 *
 * The steps, each safe to repeat, the next one named in the request's record before it begins:
 *   gather    the persons of the customer; a tombstone for each; the values by which rows in quarantine are found
 *   unlearn   live demand forgets what they did, and the model is to be trained anew before its deadline
 *   keys      their identity keys become nobody's: whoever comes by them from now on is a new person
 *   empty     their events lose facts and body; chain, time, kind and the message's id stay, so that none is stored again
 *   close     between two batches of the writer: what came meanwhile is emptied too; profile, wrapped data key, records and
 *             links (both halves) go, and the memory of all of it
 *   traces    rows in quarantine that hold one of their values
 *   receipt   what was erased, counted and signed; the record names nobody any more
 *   sweep     the write-ahead log goes home and is cut to nothing; no byte is left in the files
 * An import of the same file afterwards brings nothing back: an event that was erased stays known (KD_EVENT_ERASED). What is
 * new in it, and whatever a browser sends later, belongs to a new person without a past.
 * Stays: counts that name nobody (days of the pulse, sketches of distinct visitors, from which nobody can be taken out or
 * told), the emptied rows under a random id that leads nowhere. Threads: any. */
#ifndef KD_TRUST_ERASE_H
#define KD_TRUST_ERASE_H
#include "trust/request.h"

/* Open a request for erasure and let it begin; *request is its id. */
kd_status kd_erase_start(kd_id *request, kd_rights *rights, kd_reader *reader, kd_id person, kd_str by, kd_err *err);
/* Wait until it is done: KD_OK; KD_LIMIT: not within `timeout_ms` (it goes on); what held it up otherwise. */
kd_status kd_erase_wait(kd_rights *rights, kd_reader *reader, kd_id request, int64_t timeout_ms, kd_err *err);
/* Was this person erased here, or is it about to be? */
kd_status kd_erase_is_gone(bool *gone, kd_reader *reader, kd_id person, kd_err *err);
#endif
