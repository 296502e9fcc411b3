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
pub use handles::{handles_share_their_data, keeps_everything_when_opened_again, never_gives_a_seq_twice};
pub use queue::{
    acknowledges_only_what_the_receipt_names, keeps_refusals_for_a_person, keeps_the_queue_in_order,
    requeues_what_a_restored_server_lost, takes_no_overtaken_answer_for_a_restored_server,
    tells_which_queue_the_rows_go_with, withdraws_what_may_have_been_sent,
};
pub use random::shows_what_the_memory_store_shows;
pub use relays::{
    a_relay_passes_on_what_was_stored, passes_on_what_it_cannot_read, reads_what_an_earlier_build_saved,
    reads_what_its_relay_stored,
};
pub use rows::{
    a_snapshot_takes_newer_rows_back, drops_rows_and_nothing_else, finds_rows_by_key_prefix_and_index,
    ignores_rows_of_an_overtaken_answer, keeps_the_index_in_step, never_goes_back_to_an_older_revision,
    replaces_the_range_of_a_snapshot,
};
pub use settings::{counts_up, keeps_settings};
pub use space::leaves_room_for_mutations_when_full;

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
        $run!(requeues_what_a_restored_server_lost);
        $run!(tells_which_queue_the_rows_go_with);
        $run!(takes_no_overtaken_answer_for_a_restored_server);
        $run!(withdraws_what_may_have_been_sent);
        $run!(ignores_rows_of_an_overtaken_answer);
        $run!(never_goes_back_to_an_older_revision);
        $run!(replaces_the_range_of_a_snapshot);
        $run!(finds_rows_by_key_prefix_and_index);
        $run!(keeps_the_index_in_step);
        $run!(a_snapshot_takes_newer_rows_back);
        $run!(drops_rows_and_nothing_else);
        $run!(shows_what_the_memory_store_shows);
        $run!(keeps_settings);
        $run!(counts_up);
        $run!(keeps_everything_when_opened_again);
        $run!(never_gives_a_seq_twice);
        $run!(handles_share_their_data);
        $run!(reads_what_its_relay_stored);
        $run!(a_relay_passes_on_what_was_stored);
        $run!(reads_what_an_earlier_build_saved);
        $run!(passes_on_what_it_cannot_read);
        $run!(leaves_room_for_mutations_when_full);
    };
}
