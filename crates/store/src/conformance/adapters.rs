//! The suite on each adapter. A function of the suite that is not named here is dead code, and the compiler says so.

use std::sync::Arc;

use tempfile::TempDir;

use crate::{CounterStore, MetaStore, Options, SpanStore, open_counters, open_meta, open_spans};

/// Runs functions of the suite, each on a store of its own.
macro_rules! run {
    ($open:path => $($file:ident :: $name:ident),+ $(,)?) => {
        $(#[tokio::test]
        async fn $name() {
            let (store, _folder) = $open().await;
            super::super::$file::$name(store).await;
        })+
    };
}

macro_rules! spans {
    ($open:path) => {
        run! { $open =>
            writing::a_written_span_is_read_back_unchanged,
            writing::writing_a_batch_twice_leaves_each_span_once,
            writing::of_two_versions_the_higher_stays,
            writing::of_equal_versions_the_first_stays,
            writing::duplicates_inside_a_batch_follow_the_same_rules,
            writing::a_higher_version_leaves_no_trace_of_the_lower,
            writing::writers_at_the_same_time_lose_nothing,
            values::odd_text_survives_everywhere,
            values::odd_values_are_found_and_erased_exactly,
            values::ten_megabytes_of_content_survive,
            values::extreme_numbers_survive,
            values::every_word_survives,
            values::deep_tool_arguments_survive,
            values::absent_and_empty_stay_apart,
            values::every_part_of_content_survives,
            lists::nothing_outside_the_scope_is_seen,
            lists::lists_are_newest_first_with_the_id_as_tie_break,
            lists::pages_join_while_spans_are_added,
            lists::pages_are_bounded,
            reach::pages_reach_back_over_any_time,
            lists::each_filter_narrows_alone,
            lists::filters_are_combined,
            lists::filters_are_values_not_patterns,
            lists::a_model_matches_asked_or_answered,
            lists::times_are_half_open,
            lists::records_come_in_the_order_of_the_list,
            lists::of_spans_with_one_id_the_newest_is_read,
            lists::a_trace_is_read_oldest_first_and_bounded,
            billed::of_several_exchanges_with_one_answer_the_oldest_is_billed,
            billed::only_spans_of_that_answer_are_found,
            billed::a_higher_version_without_usage_is_billed_no_more,
            traces::a_trace_adds_up_its_spans,
            traces::a_trace_that_matches_is_summed_whole,
            traces::traces_are_ordered_by_their_first_matching_span,
            traces::pages_of_traces_join,
            traces::one_trace_id_of_two_tenants_is_two_traces,
            traces::sums_saturate,
            raw::bytes_are_read_back_as_they_were_written,
            raw::empty_bodies_and_absent_ones_stay_apart,
            raw::a_cut_body_keeps_its_head_its_tail_and_its_size,
            raw::bytes_of_another_tenant_do_not_exist,
            raw::bytes_go_with_the_row_they_belong_to,
            raw::no_other_read_loads_bytes,
            raw::bytes_of_several_exchanges_come_in_the_order_of_their_ids,
            prices::a_new_price_replaces_the_old_one_and_nothing_else,
            prices::a_price_of_another_version_is_not_put_on,
            prices::a_replay_never_beats_a_new_price,
            prices::models_are_added_up,
            prices::models_are_those_of_scope_and_time,
            prices::models_are_bounded,
            text::what_was_said_is_found_once_the_store_was_tended,
            text::every_question_takes_text,
            text::replaced_content_is_found_no_more,
            text::a_replay_is_found_once,
            text::what_another_tenant_said_is_not_found,
            text::a_tenants_name_is_not_content,
            text::signs_part_terms_and_mean_nothing_else,
            text::text_without_spaces_is_found_by_pairs,
            text::a_very_long_run_is_found_by_its_beginning,
            text::much_and_many_different_terms_are_all_found,
            text::a_common_term_is_found_page_by_page,
            erasing::each_subject_goes_with_everything_of_it,
            erasing::every_span_of_one_id_is_erased,
            erasing::spans_after_its_time_are_not_erased,
            erasing::names_of_subjects_are_values,
            erasing::many_spans_are_erased_in_one_call,
            erasing::what_is_written_after_an_erasure_is_found_and_erased_again,
            erasing::each_tenant_keeps_as_long_as_its_rule_says,
            erasing::a_span_at_the_end_of_its_time_is_kept,
            erasing::content_that_comes_late_expires_too,
            erasing::much_that_is_old_goes_piece_by_piece,
            life::an_open_store_takes_writes,
            life::a_closed_store_answers_nothing,
        }
    };
}

macro_rules! meta {
    ($open:path) => {
        run! { $open =>
            meta::tenants_are_kept_with_their_first_and_last_sight,
            meta::tenants_are_listed_by_name,
            meta::a_closed_meta_store_answers_nothing,
            views::a_saved_view_is_read_back_unchanged,
            views::a_view_of_another_tenant_does_not_exist,
            views::views_are_listed_by_name,
            views::of_two_changes_of_one_version_the_first_counts,
            views::one_of_many_changes_at_the_same_time_counts,
            views::saved_views_are_bounded,
            keeping::a_rule_of_retention_is_kept_until_it_is_taken_away,
            keeping::a_deleted_tenant_leaves_its_receipts_and_other_tenants_alone,
            keeping::an_erasure_is_read_back_unchanged,
            keeping::an_erasure_that_is_there_stays_as_it_is,
            keeping::what_was_removed_is_added_up,
            keeping::one_of_many_who_move_an_erasure_at_the_same_time_does,
            keeping::many_who_note_at_the_same_time_are_all_counted,
            keeping::an_erasure_of_another_tenant_does_not_exist,
            keeping::erasures_are_due_until_they_are_done_and_repeated,
            keeping::answers_about_erasures_are_bounded,
            keys::a_key_is_read_back_unchanged,
            keys::a_key_of_another_tenant_does_not_exist,
            keys::of_two_changes_of_one_key_the_first_counts,
            keys::one_of_many_changes_of_a_key_counts,
            keys::uses_of_a_key_only_rise_and_are_no_change,
            keys::every_change_of_a_key_is_told_once,
            keys::many_changes_come_in_pieces_and_none_is_missed,
            keys::changes_at_the_same_time_are_all_told,
            keys::the_keys_of_a_deleted_tenant_open_nothing,
            auditing::an_audit_entry_is_read_back_unchanged,
            auditing::an_audit_entry_that_is_appended_twice_is_there_once,
            auditing::each_tenant_has_a_chain_of_its_own,
            auditing::writers_at_the_same_time_make_one_chain,
            auditing::audit_records_are_found_page_by_page,
            auditing::audit_records_are_filtered,
            auditing::a_deleted_tenant_keeps_its_audit_log,
            auditing::long_chains_come_in_pieces,
            settings::settings_are_read_back_unchanged,
            settings::of_two_changes_of_settings_the_first_counts,
            settings::one_of_many_changes_of_settings_counts,
            settings::every_change_of_settings_is_told_once,
            settings::settings_that_were_taken_away_are_told,
            settings::settings_and_keys_are_counted_together,
            settings::changes_of_settings_at_the_same_time_are_all_told,
            settings::many_changes_of_settings_come_in_pieces,
            credentials::a_credential_is_read_back_unchanged,
            credentials::credentials_are_listed_by_tenant_and_upstream,
            credentials::of_two_changes_of_one_credential_the_first_counts,
            credentials::one_of_many_changes_of_a_credential_counts,
            credentials::every_change_of_a_credential_is_told_once,
            credentials::a_deleted_credential_is_told_and_never_found,
            credentials::the_credentials_of_a_deleted_tenant_go,
            credentials::many_changes_of_credentials_come_in_pieces,
        }
    };
}

macro_rules! people {
    ($open:path) => {
        run! { $open =>
            users::a_person_is_read_back_unchanged,
            users::what_is_no_user_is_refused,
            users::people_are_listed_by_name_and_by_tenant,
            users::a_person_of_another_tenant_does_not_exist,
            users::the_scope_of_a_tenant_changes_nothing_outside_it,
            users::of_two_changes_of_one_person_the_first_counts,
            users::a_name_or_an_identity_is_one_persons,
            users::one_of_many_changes_of_a_person_counts,
            users::one_of_many_who_take_a_name_gets_it,
            users::who_is_removed_leaves_an_id_only,
            users::a_closed_store_knows_nobody,
            users::logins_only_rise_and_are_no_change,
            users::every_change_of_a_person_is_told_once,
            users::many_changes_of_people_come_in_pieces,
            users::changes_of_people_and_keys_at_the_same_time_are_all_told,
            users::a_deleted_tenant_is_taken_from_its_people,
        }
    };
}

macro_rules! sessions {
    ($open:path) => {
        run! { $open =>
            sessions::a_session_is_read_back_unchanged,
            sessions::a_session_ends_when_nobody_comes,
            sessions::a_session_ends_at_its_end_however_often_it_is_seen,
            sessions::that_a_session_was_seen_is_noted_once_a_minute,
            sessions::a_closed_session_is_nobodys,
            sessions::a_session_that_is_closed_while_it_is_seen_stays_closed,
            sessions::a_closed_store_knows_no_session,
        }
    };
}

macro_rules! counters {
    ($open:path, $cases:literal) => {
        run! { $open =>
            counters::a_reservation_is_made_in_all_windows_or_none,
            counters::taking_twice_takes_once_and_may_add,
            counters::settling_twice_changes_nothing,
            counters::an_expired_lease_is_booked_and_corrected_later,
            counters::a_renewed_lease_holds_on,
            counters::many_leases_expire_at_once,
            counters::a_late_settle_goes_to_its_window,
            counters::what_was_not_reserved_is_told_or_booked,
            counters::a_missing_counter_is_never_taken_as_zero,
            counters::one_claimant_rebuilds_what_is_as_it_was_found,
            counters::slots_are_held_until_released_settled_or_expired,
            counters::a_bucket_fills_evenly,
            counters::a_refused_take_draws_nothing,
            counters::a_correction_never_overfills_a_bucket,
            counters::nine_million_dollars_are_counted_exactly,
            counters::tenants_do_not_share,
            counters::notes_are_kept_for_their_time,
            counters::a_closed_counter_store_answers_nothing,
            counting::callers_at_the_same_time_never_exceed_the_limit,
        }

        #[test]
        fn random_calls_on_counters_agree_with_the_model() {
            super::super::counting::agrees_with_the_model($cases, $open);
        }
    };
}

mod memory {
    use super::{Arc, CounterStore, MetaStore, Options, SpanStore, open_counters, open_meta, open_spans};

    async fn open() -> (Arc<dyn SpanStore>, ()) {
        (open_spans("test", "memory:", &Options::default()).await.unwrap(), ())
    }

    async fn meta() -> (Arc<dyn MetaStore>, ()) {
        (open_meta("test", "memory:", &Options::default()).await.unwrap(), ())
    }

    async fn counters() -> (Arc<dyn CounterStore>, ()) {
        (open_counters("test", "memory:", &Options::default()).await.unwrap(), ())
    }

    spans!(open);
    meta!(meta);
    counters!(counters, 256);
    people!(meta);
    sessions!(counters);
    run! { counters => sessions::sessions_are_bounded }
}

mod sqlite {
    use super::{Arc, CounterStore, MetaStore, Options, SpanStore, TempDir, open_counters, open_meta, open_spans};

    async fn open() -> (Arc<dyn SpanStore>, TempDir) {
        let (url, folder) = super::file();
        (open_spans("test", &url, &Options::default()).await.unwrap(), folder)
    }

    async fn meta() -> (Arc<dyn MetaStore>, TempDir) {
        let (url, folder) = super::file();
        (open_meta("test", &url, &Options::default()).await.unwrap(), folder)
    }

    async fn counters() -> (Arc<dyn CounterStore>, TempDir) {
        let (url, folder) = super::file();
        (open_counters("test", &url, &Options::default()).await.unwrap(), folder)
    }

    spans!(open);
    meta!(meta);
    counters!(counters, 24);
    people!(meta);
    sessions!(counters);
    run! { counters => sessions::sessions_are_bounded }
}

mod clickhouse {
    use super::{super::engines, Arc, Options, SpanStore, open_spans};

    async fn open() -> (Arc<dyn SpanStore>, engines::Guard) {
        let (clickhouse, guard) = engines::clickhouse();
        let options = Options { clickhouse, ..Options::default() };
        (open_spans("test", "clickhouse:", &options).await.unwrap(), guard)
    }

    spans!(open);
}

mod redis {
    use super::{Arc, CounterStore};
    use crate::{
        Secret, ServerOptions,
        conformance::engines,
        redis::{Clock, RedisCounters},
    };

    async fn counters() -> (Arc<dyn CounterStore>, engines::Guard) {
        let (options, prefix, guard) = engines::redis();
        let url = options.url.expect("it is set").expose().to_owned();
        let options = ServerOptions { url: Some(Secret::new(format!("{url}?prefix={prefix}"))), ..options };
        // The suite plays in a time of its own.
        let opened = RedisCounters::open(&options, Clock::Caller).unwrap();
        (Arc::new(opened), guard)
    }

    counters!(counters, 24);
    sessions!(counters);
}

mod postgres {
    use super::{Arc, MetaStore, Options, open_meta};
    use crate::conformance::engines;

    async fn meta() -> (Arc<dyn MetaStore>, engines::Guard) {
        let (postgres, guard) = engines::postgres();
        let options = Options { postgres, ..Options::default() };
        (open_meta("test", "postgres:", &options).await.unwrap(), guard)
    }

    meta!(meta);
    people!(meta);
}

mod clickhouse_old {
    use super::{super::engines, Arc, Options, SpanStore, open_spans};

    async fn open() -> (Arc<dyn SpanStore>, engines::Guard) {
        let (clickhouse, guard) = engines::clickhouse_old();
        let options = Options { clickhouse, ..Options::default() };
        (open_spans("test", "clickhouse:", &options).await.unwrap(), guard)
    }

    spans!(open);
}

/// The URL of a new SQLite file.
pub(super) fn file() -> (String, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (format!("sqlite:{}", folder.path().join("data/spans.db").display()), folder)
}
