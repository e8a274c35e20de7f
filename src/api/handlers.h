/* api/handlers.h -- the handlers that routes.c names, file by file. Each answers its request, or keeps it. */
#ifndef KD_API_HANDLERS_H
#define KD_API_HANDLERS_H
#include "api/http.h"

/* collect.c */
void kd_collect(kd_request *request);
void kd_collect_nothing(kd_request *request);          /* SDKs' reports about themselves: taken and dropped */
void kd_collect_project_settings(kd_request *request);
void kd_collect_source_config(kd_request *request);
/* inbound.c */
void kd_cloudevents(kd_request *request);
void kd_webhooks(kd_request *request);
/* decide.c */
void kd_api_decide(kd_request *request);
void kd_api_recommend(kd_request *request);
/* operate.c */
void kd_api_health(kd_request *request);
void kd_api_ready(kd_request *request);
void kd_api_metrics(kd_request *request);
/* web.c */
void kd_web_dashboard(kd_request *request);            /* every address of the dashboard */
void kd_web_asset(kd_request *request);                /* an embedded file by its path */
void kd_web_docs(kd_request *request);                 /* a page of the documentation */
/* pictures.c */
void kd_api_demo_picture(kd_request *request);
/* openapi.c */
void kd_api_openapi(kd_request *request);
/* admin.c */
void kd_admin_profile(kd_request *request);
void kd_admin_profile_events(kd_request *request);
void kd_admin_profile_find(kd_request *request);
void kd_admin_decision(kd_request *request);
void kd_admin_state(kd_request *request);
void kd_admin_train(kd_request *request);
void kd_admin_checkpoint(kd_request *request);
/* What takes longer than a shop's request may wait: on a thread of its own, without request->reader. KD_BUSY when there are too many. */
void kd_api_aside(kd_request *request, void (*work)(kd_request *request));
/* admin_find.c */
void kd_admin_me(kd_request *request);
void kd_admin_people_recent(kd_request *request);
void kd_admin_search(kd_request *request);
/* admin_events.c */
void kd_admin_events(kd_request *request);
void kd_admin_event(kd_request *request);
/* insight.c */
void kd_admin_pulse(kd_request *request);
/* admin_sources.c, admin_source_documents.c */
void kd_admin_sources(kd_request *request);
void kd_admin_source(kd_request *request);
void kd_admin_source_put(kd_request *request);
void kd_admin_source_delete(kd_request *request);
void kd_admin_source_dry_run(kd_request *request);
/* admin_quarantine.c */
void kd_admin_quarantine(kd_request *request);
void kd_admin_quarantine_mend(kd_request *request);
void kd_admin_quarantine_drop(kd_request *request);
void kd_admin_quarantine_replay(kd_request *request);
/* admin_lineage.c, admin_steps.c */
void kd_admin_lineage(kd_request *request);
void kd_admin_steps(kd_request *request);
/* jobs.c */
void kd_admin_backup(kd_request *request);
void kd_admin_doctor(kd_request *request);
void kd_admin_jobs(kd_request *request);
void kd_admin_job(kd_request *request);
/* admin_rights.c */
void kd_admin_requests_list(kd_request *request);
void kd_admin_requests_open(kd_request *request);
void kd_admin_request(kd_request *request);
void kd_admin_request_complete(kd_request *request);
void kd_admin_request_reject(kd_request *request);
void kd_admin_request_extend(kd_request *request);
void kd_admin_request_run(kd_request *request);
void kd_admin_request_export(kd_request *request);
void kd_admin_retention(kd_request *request);
void kd_admin_retention_put(kd_request *request);
void kd_admin_retention_run(kd_request *request);
/* admin_webhooks.c */
void kd_admin_webhooks(kd_request *request);
void kd_admin_webhook_put(kd_request *request);
void kd_admin_webhook_delete(kd_request *request);
void kd_admin_webhook_rotate(kd_request *request);
void kd_admin_webhook_test(kd_request *request);
void kd_admin_webhook_resume(kd_request *request);
/* live.c */
void kd_admin_live(kd_request *request);
/* admin_keys.c */
void kd_admin_keys_list(kd_request *request);
void kd_admin_keys_create(kd_request *request);
void kd_admin_keys_revoke(kd_request *request);
/* admin_users.c */
void kd_api_login_link(kd_request *request);
void kd_admin_login(kd_request *request);
void kd_admin_invitation(kd_request *request);
void kd_admin_logout(kd_request *request);
void kd_admin_password(kd_request *request);
void kd_admin_totp(kd_request *request);
void kd_admin_totp_end(kd_request *request);
void kd_admin_users(kd_request *request);
void kd_admin_user_create(kd_request *request);
void kd_admin_user_change(kd_request *request);
void kd_admin_user_delete(kd_request *request);
void kd_admin_user_invite(kd_request *request);
void kd_admin_security(kd_request *request);
void kd_admin_security_put(kd_request *request);
void kd_admin_audit(kd_request *request);
/* admin_graph.c, admin_suggestions.c */
void kd_admin_graph(kd_request *request);             /* who is one customer with a person, and why */
void kd_admin_graph_retract(kd_request *request);
void kd_admin_graph_apart(kd_request *request);
void kd_admin_graph_together(kd_request *request);
void kd_admin_namespaces(kd_request *request);
void kd_admin_namespace_put(kd_request *request);
void kd_admin_suggestions(kd_request *request);
/* admin_consent.c, consent_summary.c */
void kd_admin_consents(kd_request *request);           /* of one person */
void kd_admin_consent_post(kd_request *request);
void kd_admin_policy(kd_request *request);             /* purposes, data classes, fields; one or all */
void kd_admin_policy_put(kd_request *request);
void kd_admin_consents_summary(kd_request *request);
void kd_api_gpc(kd_request *request);
/* admin_catalog.c */
void kd_admin_products_list(kd_request *request);
void kd_admin_product(kd_request *request);
void kd_admin_categories(kd_request *request);
void kd_admin_products_put(kd_request *request);
void kd_admin_product_delete(kd_request *request);
void kd_admin_places_list(kd_request *request);
void kd_admin_places_put(kd_request *request);
void kd_admin_content_list(kd_request *request);
void kd_admin_content_put(kd_request *request);
void kd_admin_levels_put(kd_request *request);
/* admin_placements.c */
void kd_admin_placements_list(kd_request *request);
void kd_admin_placement(kd_request *request);
void kd_admin_placement_put(kd_request *request);
void kd_admin_placement_delete(kd_request *request);
/* admin_trust.c */
void kd_admin_sensitive(kd_request *request);
void kd_admin_sensitive_put(kd_request *request);
void kd_admin_findings(kd_request *request);
void kd_admin_findings_preview(kd_request *request);
void kd_admin_trust(kd_request *request);
/* KD_CONFLICT: the placement names a sensitive concept and does not acknowledge it; KD_INVALID: it names something biometric. */
kd_status kd_trust_check_placement(kd_request *request, const kd_placement *placement, const kd_json *doc, const kd_snapshot *snapshot, kd_err *err);
/* shop.c, shop_catalog.c, shop_checkout.c */
void kd_shop_page(kd_request *request);
void kd_shop_start(kd_request *request);
void kd_shop_login(kd_request *request);
void kd_shop_glass(kd_request *request);
void kd_shop_products(kd_request *request);
void kd_shop_product(kd_request *request);
void kd_shop_checkout(kd_request *request);
void kd_shop_account(kd_request *request);
/* me.c, me_form.c, me_how.c, me_unsubscribe.c, me_words.c: the shopper's console */
void kd_me_page(kd_request *request);
void kd_me_enter_by_token(kd_request *request);
void kd_me_form(kd_request *request);
void kd_me_how(kd_request *request);
void kd_me_style(kd_request *request);
void kd_me_unsubscribe_page(kd_request *request);
void kd_me_unsubscribe(kd_request *request);
void kd_me_get(kd_request *request);
void kd_me_get_preferences(kd_request *request);
void kd_me_put_preferences(kd_request *request);
void kd_me_get_consents(kd_request *request);
void kd_me_put_consents(kd_request *request);
void kd_me_get_decisions(kd_request *request);
void kd_me_post_gift(kd_request *request);
void kd_me_post_not_for_me(kd_request *request);
void kd_me_post_pause(kd_request *request);
void kd_me_post_correct(kd_request *request);
void kd_me_post_export(kd_request *request);
void kd_me_post_erase(kd_request *request);
void kd_admin_me_link(kd_request *request);
#endif
