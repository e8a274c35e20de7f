#include "app/stages.h"

#include <stdio.h>

#include "insight/steps.h"

static void note(kd_stages *s, const char *name, const char *about, int64_t us, uint64_t rows, uint64_t out, bool failed)
{
    const int64_t now_ms = kd_now(s->parts->clock);
    kd_step       step = { .started_ms = now_ms - us / 1000, .us = (uint64_t)us, .rows_in = rows, .rows_out = out, .failed = failed };
    snprintf(step.name, sizeof step.name, "%s", name);
    snprintf(step.about, sizeof step.about, "%s", about);
    kd_steps_note(s->parts->steps, &step);
}

void kd_stages_begin(kd_stages *s, kd_parts *parts, kd_progress progress, void *self)
{
    *s = (kd_stages){ .parts = parts, .progress = progress, .self = self, .began_us = kd_monotonic_us(), .began_ms = kd_now(parts->clock) };
}

static void end_stage(kd_stages *s, bool failed)
{
    if (s->stage[0])
        note(s, "train-stage", s->stage, kd_monotonic_us() - s->stage_us, s->done > 1 ? s->done : 0, s->done > 1 ? s->done : 0, failed); /* 1 of 1 counts no rows */
    s->stage[0] = '\0';
}

void kd_stages_tell(void *self, const char *step, uint64_t done, uint64_t total)
{
    kd_stages *s = self;
    if (strcmp(s->stage, step) != 0) {
        end_stage(s, false);
        snprintf(s->stage, sizeof s->stage, "%s", step);
        s->stage_us = kd_monotonic_us();
    }
    s->done = done;
    if (s->progress)
        s->progress(s->self, step, done, total);
}

void kd_stages_end(kd_stages *s, bool failed, uint64_t events, uint64_t items, int64_t publish_us)
{
    end_stage(s, failed);
    note(s, "train", "", kd_monotonic_us() - s->began_us - publish_us, events, items, failed);
    if (!failed)
        note(s, "publish", "", publish_us, items, items, false);
}
