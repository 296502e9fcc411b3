//! Which crate may use which of the others.

/// Packages that tie code to a browser, a runtime or a network.
const PLATFORM: &[&str] = &["gloo", "idb", "reqwest", "sqlx", "tokio", "web-sys", "yew"];

/// A crate's allowed dependencies, the packages it must not reach even indirectly, and the reason.
pub(crate) struct Arrow {
    pub(crate) from: &'static str,
    pub(crate) may_use: &'static [&'static str],
    pub(crate) never: &'static [&'static str],
    pub(crate) why: &'static str,
}

pub(crate) const ARROWS: &[Arrow] = &[
    Arrow {
        from: "sync",
        may_use: &[],
        never: PLATFORM,
        why: "the engine is simulated natively under a virtual clock, and serves apps with other entities",
    },
    Arrow {
        from: "domain",
        may_use: &["sync"],
        never: PLATFORM,
        why: "the same rules run on the screen, in the worker and on the server",
    },
    Arrow {
        from: "browser",
        may_use: &["sync"],
        never: &["yew", "reqwest"],
        why: "browser glue knows no rows, and the worker has no page to render",
    },
    Arrow {
        from: "client",
        may_use: &["sync"],
        never: PLATFORM,
        why: "page, worker and simulation run the same decisions over ports",
    },
    Arrow {
        from: "client+yew",
        may_use: &["browser", "schema", "sync"],
        never: &["reqwest", "sqlx"],
        why: "its Yew half serves any app: it knows the browser, and no rows",
    },
    Arrow {
        from: "schema",
        may_use: &["sync"],
        never: &["yew", "reqwest"],
        why: "page and worker of different builds share one database, so its shape lives in one place below both; its tables \
              are the model's, whichever that is",
    },
    Arrow {
        from: "app",
        may_use: &["browser", "client+yew", "domain", "schema", "sync"],
        never: &["reqwest", "sqlx"],
        why: "page and worker are updated apart; what they share lives below them",
    },
    Arrow {
        from: "sw",
        may_use: &["browser", "client", "schema", "sync"],
        never: &["yew", "reqwest", "sqlx"],
        why: "the worker starts without a page, from a cold phone, has to stay small, and serves apps with other entities",
    },
    Arrow {
        from: "worker",
        may_use: &["domain", "sw"],
        never: &["yew", "reqwest", "sqlx"],
        why: "it is sw/ with the warehouse's rows and names, and nothing else",
    },
    Arrow {
        from: "decoder",
        may_use: &["domain"],
        never: &["yew", "reqwest", "idb"],
        why: "it knows pictures and codes, is fetched only for the camera, and has to stay small",
    },
    Arrow {
        from: "server",
        may_use: &["domain", "sync"],
        never: &["idb", "yew"],
        why: "the server decides with the rules, and knows nothing of how a device stores or shows",
    },
    Arrow {
        from: "device-store",
        may_use: &["sync"],
        never: PLATFORM,
        why: "it keeps any model's rows in a file, and runs in the simulation as well",
    },
    Arrow {
        from: "device",
        may_use: &["client", "device-store", "domain", "sync"],
        never: &["gloo", "idb", "yew"],
        why: "it is the client without a browser; stock rules are those of domain",
    },
    Arrow {
        from: "bench",
        may_use: &["domain", "server", "sync", "test-postgres", "tests"],
        never: &["yew"],
        why: "the driver measures pages from outside, and pushes as devices do",
    },
    Arrow {
        from: "bench-engine",
        may_use: &["browser", "client", "domain", "schema", "sync"],
        never: &["yew", "reqwest"],
        why: "it is the engine as app and worker run it, and nothing else",
    },
    Arrow {
        from: "sim",
        may_use: &["client", "device-store", "domain", "server", "sync", "test-postgres"],
        never: &["yew", "reqwest"],
        why: "it plays devices and network itself, around the engine and the server as they are",
    },
    Arrow {
        from: "test-postgres",
        may_use: &[],
        never: PLATFORM,
        why: "tests and benchmarks of every crate may need PostgreSQL",
    },
    Arrow {
        from: "fuzz",
        may_use: &["domain", "server", "sync"],
        never: &["yew", "reqwest"],
        why: "it feeds what reads bytes from outside, in one process and without a network",
    },
    Arrow {
        from: "courses",
        may_use: &["client", "sync"],
        never: PLATFORM,
        why: "the example's rules run on its page, in its worker and on its server",
    },
    Arrow {
        from: "courses-app",
        may_use: &["client+yew", "courses"],
        never: &["reqwest", "sqlx"],
        why: "a page of any app needs the client and its own rows",
    },
    Arrow {
        from: "courses-worker",
        may_use: &["courses", "sw"],
        never: &["yew", "reqwest", "sqlx"],
        why: "a worker of any app needs sw/ and its own rows",
    },
    Arrow {
        from: "courses-server",
        may_use: &["courses", "server"],
        never: &["idb", "yew"],
        why: "a server of any app needs server::any and its own rows",
    },
    Arrow {
        from: "xtask",
        may_use: &[],
        never: &[],
        why: "the build's tool is there before anything compiles",
    },
];
