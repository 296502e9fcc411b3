//! The memory store passes the suite of the Store port.

use futures::executor::block_on;
use sync::conformance::{self, Backend, Counters};
use sync::memory::MemoryStore;
use sync::{Json, Mutation, StoreError};
use uuid::Uuid;

struct Memory;

impl Backend for Memory {
    type Store = MemoryStore<Counters>;

    async fn open(&self) -> Result<Self::Store, StoreError> {
        Ok(MemoryStore::new(Uuid::from_u128(1), "all"))
    }

    async fn second_handle(&self, store: &Self::Store) -> Result<Self::Store, StoreError> {
        Ok(store.clone())
    }

    async fn reopen(&self, store: Self::Store) -> Result<Self::Store, StoreError> {
        Ok(store)
    }

    async fn insert_of_other_build(&self, _: &Self::Store, _: Mutation<Json>) -> Result<bool, StoreError> {
        // The data ends with the process, so no other build reads it.
        Ok(false)
    }

    async fn set_full(&self, store: &Self::Store, is_full: bool) -> Result<bool, StoreError> {
        store.set_full(is_full);
        Ok(true)
    }
}

macro_rules! case {
    ($name:ident) => {
        #[test]
        fn $name() {
            block_on(conformance::$name(&Memory)).expect("the memory store does not fail");
        }
    };
}

sync::for_each_store_case!(case);
