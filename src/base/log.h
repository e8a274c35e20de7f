/* base/log.h -- one line per fact on stderr: ts=... level=info mod=recommend ev=trained model=ease ms=9120
 * Never an e-mail, a name or a profile's content. Values with blanks or quotes are quoted by the caller's format. */
#ifndef KD_BASE_LOG_H
#define KD_BASE_LOG_H
typedef enum kd_log_level { KD_LOG_DEBUG, KD_LOG_INFO, KD_LOG_WARN, KD_LOG_ERROR, KD_LOG_OFF } kd_log_level;
void kd_log_set_level(kd_log_level level);
/* `more` is a printf format of the remaining key=value pairs; may be "". Threads: any; a line is written whole. */
void kd_log(kd_log_level level, const char *mod, const char *ev, const char *more, ...) __attribute__((format(printf, 4, 5)));
#endif
