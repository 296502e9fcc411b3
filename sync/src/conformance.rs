//! The conformance suite for every [`Store`], over a small model of its own. An implementation provides a
//! [`Backend`] that opens its stores, and runs every case of
//! [`for_each_store_case`](crate::for_each_store_case) on a fresh one.

mod counters;
mod handles;
mod queue;
mod random;
mod relays;
mod rows;
mod settings;
mod space;

use std::future::Future;

use crate::mutation::Mutation;
use crate::relay::Json;
use crate::store::{Store, StoreError};

pub use counters::{Add, CounterRow, Counters, add, commit, counter, label, receipt};
pub use handles::{handles_share_their_data, keeps_everything_after_a_reopen, never_reuses_a_seq};
pub use queue::{
    acknowledges_only_what_the_receipt_names, an_outdated_answer_is_not_a_restore,
    keeps_refusals_for_a_person, keeps_the_queue_in_order, reads_rows_with_the_version_of_the_queue,
    requeues_mutations_that_a_restored_server_lost, withdraws_a_mutation_that_may_have_been_sent,
};
pub use random::behaves_like_the_memory_store;
pub use relays::{
    a_relay_forwards_stored_records, forwards_records_it_cannot_parse, reads_records_of_an_earlier_build,
    reads_records_stored_by_its_relay,
};
pub use rows::{
    a_snapshot_replaces_newer_rows, drops_only_rows, finds_rows_by_key_prefix_and_index,
    ignores_rows_of_an_outdated_answer, keeps_the_index_up_to_date, never_goes_back_to_an_older_revision,
    replaces_the_range_of_a_snapshot,
};
pub use settings::{counts_up, keeps_settings};
pub use space::saves_mutations_when_full;

type Checked = Result<(), StoreError>;

/// Opens stores for the suite, and changes their data from outside.
pub trait Backend {
    /// The implementation under test.
    type Store: Store<Records = Counters>;

    /// An empty store of the scope `all`. Called once.
    fn open(&self) -> impl Future<Output = Result<Self::Store, StoreError>>;

    /// Another handle on the data of `store`, like that of another window.
    fn second_handle(&self, store: &Self::Store) -> impl Future<Output = Result<Self::Store, StoreError>>;

    /// Drops the handle and opens the data again, as after an app restart.
    fn reopen(&self, store: Self::Store) -> impl Future<Output = Result<Self::Store, StoreError>>;

    /// Adds a pending mutation to the queue as another build of the app would have written it, at the next
    /// `seq`. `false` if no other build can write to this kind of store; the cases that need it are then
    /// skipped.
    fn insert_of_other_build(
        &self,
        store: &Self::Store,
        mutation: Mutation<Json>,
    ) -> impl Future<Output = Result<bool, StoreError>>;

    /// Fills the storage, or frees it. `false` if that cannot be simulated; the cases that need it are then
    /// skipped.
    fn set_full(&self, store: &Self::Store, is_full: bool) -> impl Future<Output = Result<bool, StoreError>>;
}

/// Calls `$run!(case)` for every case of the suite.
#[macro_export]
macro_rules! for_each_store_case {
    ($run:ident) => {
        $run!(keeps_the_queue_in_order);
        $run!(acknowledges_only_what_the_receipt_names);
        $run!(keeps_refusals_for_a_person);
        $run!(requeues_mutations_that_a_restored_server_lost);
        $run!(reads_rows_with_the_version_of_the_queue);
        $run!(an_outdated_answer_is_not_a_restore);
        $run!(withdraws_a_mutation_that_may_have_been_sent);
        $run!(ignores_rows_of_an_outdated_answer);
        $run!(never_goes_back_to_an_older_revision);
        $run!(replaces_the_range_of_a_snapshot);
        $run!(finds_rows_by_key_prefix_and_index);
        $run!(keeps_the_index_up_to_date);
        $run!(a_snapshot_replaces_newer_rows);
        $run!(drops_only_rows);
        $run!(behaves_like_the_memory_store);
        $run!(keeps_settings);
        $run!(counts_up);
        $run!(keeps_everything_after_a_reopen);
        $run!(never_reuses_a_seq);
        $run!(handles_share_their_data);
        $run!(reads_records_stored_by_its_relay);
        $run!(a_relay_forwards_stored_records);
        $run!(reads_records_of_an_earlier_build);
        $run!(forwards_records_it_cannot_parse);
        $run!(saves_mutations_when_full);
    };
}
