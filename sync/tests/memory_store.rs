//! The memory store passes the suite of the Store port.

use futures::executor::block_on;
use sync::conformance;
use sync::memory::MemoryStore;
use uuid::Uuid;

macro_rules! case {
    ($name:ident) => {
        #[test]
        fn $name() {
            let store = MemoryStore::new(Uuid::from_u128(1), "all");
            block_on(conformance::$name(&store)).expect("the memory store does not fail");
        }
    };
}

sync::for_each_store_case!(case);
