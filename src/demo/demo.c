#include "demo/demo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "demo/world.h"

kd_status demo_write_truth(const world *w, kd_err *err)
{
    if (w->options.truth_path == NULL)
        return KD_OK;
    const int fd = open(w->options.truth_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FILE     *out = fd < 0 ? NULL : fdopen(fd, "w");
    if (out == NULL)
        return kd_fail(err, KD_IO, "cannot write the demo's truth beside the database: %s", strerror(errno));
    for (uint32_t row = 0; row < w->options.customers + KD_PERSONAS; row++) {
        const person *p = &w->people[row];
        names         known;
        demo_names(&known, w, row);
        fprintf(out, "{\"userId\":\"%s\",\"categories\":[", known.user);
        for (int i = 0; i < LIKED_MAX; i++)
            fprintf(out, "%s\"%s\"", i ? "," : "", demo_categories[p->liked[i]].path);
        fprintf(out, "],\"brands\":[\"%s\",\"%s\",\"%s\"],\"colors\":[\"%s\",\"%s\"],\"style\":\"%s\",\"cut\":\"%s\",\"gender\":\"%s\",\"size\":\"%s\",\"shoe\":%u,\"town\":\"%s\",\"priceFeeling\":%.3f,\"sessions\":%.2f}\n",
                demo_brands[p->brand[0]].name, demo_brands[p->brand[1]].name, demo_brands[p->brand[2]].name, demo_colors[p->color[0]].name, demo_colors[p->color[1]].name,
                demo_styles[p->style], demo_cuts[p->cut], p->woman ? "women" : "men", demo_letters[p->letter], p->shoe, demo_towns[p->town].name, (double)p->price_feeling, (double)p->sessions);
    }
    const bool failed = ferror(out) != 0;
    return fclose(out) != 0 || failed ? kd_fail(err, KD_IO, "cannot write the demo's truth beside the database: %s", strerror(errno)) : KD_OK;
}

kd_status kd_demo_make(kd_demo_counts *counts, const kd_demo_target *to, const kd_demo_options *options, kd_demo_progress progress, void *self, kd_err *err)
{
    world     w;
    kd_status status = demo_world_make(&w, options, err);

    if (status != KD_OK)
        return status;
    *counts = (kd_demo_counts){ 0 };
    status = kd_store_meta_put(to->store, KD_DEMO_META, KD_STR("1"), err);
    if (status == KD_OK)
        status = demo_put_catalogue(counts, &w, to, progress, self, err);
    if (status == KD_OK)
        status = demo_write_truth(&w, err);
    if (status == KD_OK)
        status = demo_live(counts, &w, to, progress, self, err);
    demo_world_free(&w);
    return status;
}
