/* app/stages.h -- a training run noted stage by stage (insight/steps.h), while its progress is passed on. One thread. */
#ifndef KD_APP_STAGES_H
#define KD_APP_STAGES_H
#include "app/engine.h"

typedef struct kd_stages {
    kd_parts   *parts;
    kd_progress progress;  /* the caller's; may be NULL */
    void       *self;
    char        stage[64]; /* under way; "" */
    int64_t     stage_us, began_us, began_ms;
    uint64_t    done;
} kd_stages;

void kd_stages_begin(kd_stages *stages, kd_parts *parts, kd_progress progress, void *self);
void kd_stages_tell(void *stages, const char *step, uint64_t done, uint64_t total); /* kd_progress */
/* The run over so many events has ended: notes it whole, and that its model (of so many products; 0: none) was published. */
void kd_stages_end(kd_stages *stages, bool failed, uint64_t events, uint64_t items, int64_t publish_us);
#endif
