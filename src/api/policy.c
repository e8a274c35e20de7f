/* The policy in force: one snapshot for all requests, and for the writer, which decides by it what may be kept. */
#include "api/parts.h"

const kd_policy *kd_parts_policy(kd_parts *parts)
{
    const kd_policy *policy;
    pthread_mutex_lock(&parts->policy_lock);
    policy = kd_policy_retain(parts->policy);
    pthread_mutex_unlock(&parts->policy_lock);
    return policy;
}

kd_status kd_parts_policy_reload(kd_parts *parts, kd_reader *reader, kd_err *err)
{
    const kd_policy *old;
    kd_policy       *fresh = NULL;
    kd_status        status = kd_policy_load(&fresh, reader, err);
    if (status != KD_OK)
        return status;
    kd_ingest_set_policy(parts->ingest, fresh);
    pthread_mutex_lock(&parts->policy_lock);
    old = parts->policy;
    parts->policy = fresh;
    pthread_mutex_unlock(&parts->policy_lock);
    kd_policy_release(old);
    return KD_OK;
}
