//! The conformance suite for every [`Store`](super::Store). An engine provides an [`Engine`] that opens its stores, and runs
//! every case of [`for_each_server_store_case`](crate::for_each_server_store_case) on a fresh database.
//!
//! [`backup`](super::Store::backup) is left out: how an engine is copied is its own.

mod api;
mod audits;
mod booking;
mod devices;
mod epochs;
mod fixture;
mod histories;
mod imports;
mod office;
mod people;
mod races;
mod reads;
mod retention;
mod revisions;
mod snapshots;
mod transfers;
mod values;
mod webhooks;

pub use fixture::{Checked, Engine};

pub use api::{
    a_key_is_found_at_its_site_until_it_is_revoked, a_request_imports_once, a_request_places_orders_once,
    lists_are_read_in_parts, movements_after_packed_months_are_read, movements_are_read_once,
    named_keys_are_found, old_requests_are_forgotten, the_same_request_at_once_is_booked_once,
};
pub use audits::{
    an_audit_finds_the_ranges_that_differ, an_audit_leaves_out_later_changes, an_audit_of_many_rows_is_cut,
};
pub use booking::{
    a_deleted_row_comes_back_as_new, a_device_that_knows_more_books_nothing,
    a_push_that_fails_half_way_leaves_nothing, a_replay_is_answered_from_its_receipt,
    an_empty_batch_changes_nothing, an_order_is_booked_once_under_its_id, an_unknown_site_is_refused,
    books_a_batch_and_answers_with_its_rows, keeps_refused_mutations_as_conflicts,
    numbers_of_a_client_only_rise, skus_are_exchanged_and_freed,
};
pub use devices::{
    a_code_enrols_one_device, a_revoked_token_is_refused_at_once, devices_are_listed_by_name,
    devices_are_revoked_by_the_time_of_their_enrolment, devices_enrolled_at_once_have_different_prefixes,
    keeps_what_devices_tell, one_code_used_at_once_enrols_one_device,
};
pub use epochs::{
    a_site_is_created_once, an_epoch_renewed_at_once_begins_once, an_epoch_that_comes_too_soon_is_deferred,
    finds_the_site_that_a_device_belongs_to, says_that_it_can_write,
};
pub use histories::{
    a_history_is_read_in_pages, a_history_names_people_and_reasons, old_months_are_packed_and_still_read,
};
pub use imports::{
    an_import_is_seen_whole, an_import_that_fails_leaves_nothing, an_import_without_consent_writes_nothing,
    an_import_writes_what_differs, consent_holds_for_the_changes_that_were_shown,
    known_keys_and_exports_are_complete, the_same_import_at_once_is_written_once,
};
pub use office::{
    a_closed_account_is_kept_out, a_link_sets_a_password_once, acts_are_logged_with_what_they_do,
    failed_sign_ins_are_logged_once_a_minute, one_link_used_at_once_sets_one_password, sessions_end_in_time,
};
pub use people::{
    a_change_of_people_reaches_devices_whole, a_name_can_be_forgotten, badges_and_names_tell_people_apart,
    roles_decide_as_of_when_work_was_recorded,
};
pub use races::{
    a_push_that_fails_fails_alone, one_mutation_in_different_batches_is_booked_once,
    one_order_number_at_once_is_given_once, one_sku_claimed_at_once_has_one_owner,
    sites_are_booked_side_by_side, skus_are_exchanged_at_once, the_same_batch_at_once_is_booked_once,
};
pub use reads::{finds_a_product_with_its_lots, finds_lots_by_their_code, lists_lots_that_are_not_available};
pub use retention::{
    a_purge_ends_the_cursors_before_it, old_receipts_are_forgotten, purges_beside_pulls_leave_no_row_behind,
    what_nobody_settles_expires,
};
pub use revisions::{
    a_cursor_between_two_pushes_loses_nothing, a_pull_never_skips_a_revision, a_revision_is_never_split,
    changes_are_rows_and_removals,
};
pub use snapshots::{
    a_cursor_that_cannot_be_continued_begins_again, a_scope_limits_rows_and_tables,
    a_snapshot_has_every_row_in_key_order, rows_that_change_during_a_snapshot_are_told_later,
};
pub use transfers::{
    goods_arrive_once_at_the_other_site, goods_go_to_other_sites_only,
    what_is_missing_is_told_where_it_came_from,
};
pub use values::{keeps_odd_texts, keeps_the_largest_numbers, keeps_what_is_absent};
pub use webhooks::{
    a_row_that_changes_again_is_told_as_it_is, a_webhook_is_told_what_is_booked_in_order,
    an_import_is_told_whole, batches_have_a_limit_of_bytes, events_are_told_in_batches_within_a_revision,
    keeps_the_state_of_webhooks, one_server_delivers_a_webhook_at_a_time, webhooks_of_a_site_are_limited,
};

/// Calls `$run!(case)` for every case of the suite.
#[macro_export]
macro_rules! for_each_server_store_case {
    ($run:ident) => {
        $run!(books_a_batch_and_answers_with_its_rows);
        $run!(an_empty_batch_changes_nothing);
        $run!(a_replay_is_answered_from_its_receipt);
        $run!(numbers_of_a_client_only_rise);
        $run!(a_device_that_knows_more_books_nothing);
        $run!(keeps_refused_mutations_as_conflicts);
        $run!(skus_are_exchanged_and_freed);
        $run!(a_push_that_fails_half_way_leaves_nothing);
        $run!(an_unknown_site_is_refused);
        $run!(an_order_is_booked_once_under_its_id);
        $run!(a_deleted_row_comes_back_as_new);
        $run!(the_same_batch_at_once_is_booked_once);
        $run!(one_mutation_in_different_batches_is_booked_once);
        $run!(one_sku_claimed_at_once_has_one_owner);
        $run!(skus_are_exchanged_at_once);
        $run!(one_order_number_at_once_is_given_once);
        $run!(a_push_that_fails_fails_alone);
        $run!(sites_are_booked_side_by_side);
        $run!(a_pull_never_skips_a_revision);
        $run!(a_cursor_between_two_pushes_loses_nothing);
        $run!(a_revision_is_never_split);
        $run!(changes_are_rows_and_removals);
        $run!(a_snapshot_has_every_row_in_key_order);
        $run!(a_scope_limits_rows_and_tables);
        $run!(rows_that_change_during_a_snapshot_are_told_later);
        $run!(a_cursor_that_cannot_be_continued_begins_again);
        $run!(a_purge_ends_the_cursors_before_it);
        $run!(what_nobody_settles_expires);
        $run!(old_receipts_are_forgotten);
        $run!(purges_beside_pulls_leave_no_row_behind);
        $run!(goods_arrive_once_at_the_other_site);
        $run!(goods_go_to_other_sites_only);
        $run!(what_is_missing_is_told_where_it_came_from);
        $run!(a_change_of_people_reaches_devices_whole);
        $run!(badges_and_names_tell_people_apart);
        $run!(roles_decide_as_of_when_work_was_recorded);
        $run!(a_name_can_be_forgotten);
        $run!(a_code_enrols_one_device);
        $run!(devices_are_listed_by_name);
        $run!(one_code_used_at_once_enrols_one_device);
        $run!(devices_enrolled_at_once_have_different_prefixes);
        $run!(a_revoked_token_is_refused_at_once);
        $run!(devices_are_revoked_by_the_time_of_their_enrolment);
        $run!(keeps_what_devices_tell);
        $run!(a_site_is_created_once);
        $run!(an_epoch_renewed_at_once_begins_once);
        $run!(an_epoch_that_comes_too_soon_is_deferred);
        $run!(finds_the_site_that_a_device_belongs_to);
        $run!(says_that_it_can_write);
        $run!(an_import_writes_what_differs);
        $run!(an_import_without_consent_writes_nothing);
        $run!(an_import_that_fails_leaves_nothing);
        $run!(an_import_is_seen_whole);
        $run!(consent_holds_for_the_changes_that_were_shown);
        $run!(the_same_import_at_once_is_written_once);
        $run!(known_keys_and_exports_are_complete);
        $run!(an_audit_finds_the_ranges_that_differ);
        $run!(an_audit_leaves_out_later_changes);
        $run!(an_audit_of_many_rows_is_cut);
        $run!(finds_a_product_with_its_lots);
        $run!(finds_lots_by_their_code);
        $run!(lists_lots_that_are_not_available);
        $run!(a_history_is_read_in_pages);
        $run!(a_history_names_people_and_reasons);
        $run!(old_months_are_packed_and_still_read);
        $run!(a_key_is_found_at_its_site_until_it_is_revoked);
        $run!(a_request_imports_once);
        $run!(a_request_places_orders_once);
        $run!(the_same_request_at_once_is_booked_once);
        $run!(old_requests_are_forgotten);
        $run!(movements_are_read_once);
        $run!(movements_after_packed_months_are_read);
        $run!(lists_are_read_in_parts);
        $run!(named_keys_are_found);
        $run!(a_link_sets_a_password_once);
        $run!(one_link_used_at_once_sets_one_password);
        $run!(a_closed_account_is_kept_out);
        $run!(sessions_end_in_time);
        $run!(failed_sign_ins_are_logged_once_a_minute);
        $run!(acts_are_logged_with_what_they_do);
        $run!(keeps_odd_texts);
        $run!(keeps_the_largest_numbers);
        $run!(keeps_what_is_absent);
        $run!(a_row_that_changes_again_is_told_as_it_is);
        $run!(a_webhook_is_told_what_is_booked_in_order);
        $run!(an_import_is_told_whole);
        $run!(batches_have_a_limit_of_bytes);
        $run!(events_are_told_in_batches_within_a_revision);
        $run!(keeps_the_state_of_webhooks);
        $run!(one_server_delivers_a_webhook_at_a_time);
        $run!(webhooks_of_a_site_are_limited);
    };
}
