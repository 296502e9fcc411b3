//! The worker's handlers in a real service worker. The test server serves the folder of this crate.
#![cfg(test)]
#![cfg(target_arch = "wasm32")]

use js_sys::{Array, Uint8Array};
use sw::precache::{self, Build, PrecachedFile};
use sw::respond::respond;
use sw::scope::{self, WorkerError};
use sw::{Shell, lifecycle, policy};
use sync::{AppNames, SIGN_IN_PATH};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{AbortSignal, Request, RequestInit, Response, ServiceWorkerGlobalScope};

wasm_bindgen_test_configure!(run_in_service_worker);

const NAMES: AppNames = AppNames::new("notes", "all");
const SHELL: Shell = Shell { on_demand: &["/decode-", "/decoder-"], ..Shell::new(&NAMES) };

const FILES: [(&str, &[u8]); 2] = [
    ("/Cargo.toml", include_bytes!("../Cargo.toml")),
    ("/src/policy.rs", include_bytes!("../src/policy.rs")),
];

fn global() -> ServiceWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

async fn build(id: &str) -> Build {
    let mut files = Vec::new();
    for (path, content) in FILES {
        let sha256 = scope::sha256_hex(&Uint8Array::from(content)).await.unwrap();
        files.push(PrecachedFile { path: path.to_owned(), sha256 });
    }
    Build { id: id.to_owned(), files, on_demand: Vec::new() }
}

async fn cache_names() -> Vec<String> {
    let names = scope::settle(scope::caches().keys(), "list the caches").await.unwrap();
    Array::from(&names).iter().filter_map(|name| name.as_string()).collect()
}

async fn keep(cache: &str, path: &str, body: &str) {
    let response = Response::new_with_opt_str(Some(body)).unwrap();
    let cache = precache::open(cache).await.unwrap();
    scope::settle(cache.put_with_str(path, &response), "keep").await.unwrap();
}

async fn text(response: &Response) -> String {
    scope::settle(response.text().unwrap(), "read").await.unwrap().as_string().unwrap()
}

async fn answer(path: &str, build_id: &str) -> String {
    let origin = global().location().origin();
    text(&respond(&SHELL, &Request::new_with_str(path).unwrap(), &origin, build_id).await.unwrap()).await
}

#[wasm_bindgen_test]
async fn an_install_caches_every_file_of_the_build() {
    let build = build("install").await;
    lifecycle::install(&SHELL, &global(), &build, &JsValue::NULL).await.unwrap();
    let cache = precache::open(&policy::cache_name(&SHELL, "install")).await.unwrap();
    for (path, content) in FILES {
        let kept = scope::settle(cache.match_with_str(path), "look").await.unwrap();
        assert_eq!(text(&kept.unchecked_into()).await.as_bytes(), content, "{path}");
    }
}

#[wasm_bindgen_test]
async fn a_file_with_a_wrong_hash_fails_the_install_and_leaves_no_cache() {
    let mut build = build("changed").await;
    build.files[1].sha256 = "0".repeat(64);
    let error = lifecycle::install(&SHELL, &global(), &build, &JsValue::NULL).await.unwrap_err();
    assert!(matches!(&error, WorkerError::Precache { path, .. } if path == "/src/policy.rs"), "{error}");
    assert!(!cache_names().await.contains(&policy::cache_name(&SHELL, "changed")));
}

#[wasm_bindgen_test]
async fn a_missing_file_fails_the_install_with_its_status() {
    let mut build = build("missing").await;
    build.files[0].path = "/no-such-file".to_owned();
    let error = precache::fill(&SHELL, &build).await.unwrap_err().to_string();
    assert!(error.contains("/no-such-file") && error.contains("404"), "{error}");
}

#[wasm_bindgen_test]
async fn unchanged_files_of_an_older_build_are_not_downloaded_again() {
    let mut build = build("newer").await;
    build.files[0].path = "/only-in-the-older-build".to_owned();
    let content = String::from_utf8_lossy(FILES[0].1);
    keep(&policy::cache_name(&SHELL, "older"), "/only-in-the-older-build", &content).await;
    precache::fill(&SHELL, &build).await.unwrap();
    assert_eq!(answer("/only-in-the-older-build", "newer").await, content);
}

#[wasm_bindgen_test]
async fn activation_deletes_older_builds_and_leaves_other_caches() {
    let build = build("current").await;
    for name in [
        policy::cache_name(&SHELL, "old"),
        policy::cache_name(&SHELL, "current"),
        "somebody-elses".to_owned(),
    ] {
        keep(&name, "/kept", "kept").await;
    }
    lifecycle::activate(&SHELL, &global(), &build).await.unwrap();
    let left = cache_names().await;
    assert!(!left.contains(&policy::cache_name(&SHELL, "old")));
    assert!(
        left.contains(&policy::cache_name(&SHELL, "current")) && left.contains(&"somebody-elses".to_owned())
    );
}

#[wasm_bindgen_test]
async fn a_cached_file_is_served_without_the_network_and_others_with_it() {
    keep(&policy::cache_name(&SHELL, "fetch"), "/Cargo.toml", "from the cache").await;
    assert_eq!(answer("/Cargo.toml", "fetch").await, "from the cache");
    assert_eq!(answer("/Cargo.toml?v=2", "fetch").await, "from the cache");
    assert_eq!(answer("/src/policy.rs", "fetch").await.as_bytes(), FILES[1].1);
}

#[wasm_bindgen_test]
async fn a_file_fetched_on_demand_is_cached_and_kept_by_later_builds() {
    let body = "the decoder";
    let sha256 = scope::sha256_hex(&Uint8Array::from(body.as_bytes())).await.unwrap();
    let path = format!("/decoder-{}.js", &sha256[..16]);
    let on_demand = |path: &str| vec![PrecachedFile { path: path.to_owned(), sha256: sha256.clone() }];
    precache::sweep(&SHELL, &build("none").await).await.unwrap();
    let missing = on_demand("/decoder-0123456789abcdef.js");
    precache::fill(&SHELL, &Build { on_demand: missing, ..build("without").await }).await.unwrap();

    keep(&policy::cache_name(&SHELL, "elsewhere"), &path, body).await;
    assert_eq!(answer(&path, "asking").await, body);
    let asking = precache::open(&policy::cache_name(&SHELL, "asking")).await.unwrap();
    assert!(!scope::settle(asking.match_with_str(&path), "look").await.unwrap().is_undefined(), "kept");

    precache::fill(&SHELL, &Build { on_demand: on_demand(&path), ..build("next").await }).await.unwrap();
    precache::sweep(&SHELL, &build("next").await).await.unwrap();
    assert_eq!(answer(&path, "next").await, body);

    keep(&policy::cache_name(&SHELL, "next"), "/decode-0123456789abcdef.js", "a login page").await;
    let missing = on_demand("/decode-0123456789abcdef.js");
    let error =
        precache::fill(&SHELL, &Build { on_demand: missing, ..build("last").await }).await.unwrap_err();
    assert!(error.to_string().contains("/decode-0123456789abcdef.js"), "{error}");
}

#[wasm_bindgen_test]
async fn api_requests_bypass_the_cache() {
    keep(&policy::cache_name(&SHELL, "api"), "/api/products/1", "stale").await;
    let origin = global().location().origin();
    let request = Request::new_with_str("/api/products/1").unwrap();
    assert_eq!(respond(&SHELL, &request, &origin, "api").await.unwrap().status(), 404);
}

#[wasm_bindgen_test]
async fn the_way_to_a_sign_in_page_bypasses_the_cache_and_leads_back_without_a_network() {
    keep(&policy::cache_name(&SHELL, "sign-in"), SIGN_IN_PATH, "stale").await;
    let origin = global().location().origin();
    let request = Request::new_with_str(SIGN_IN_PATH).unwrap();
    assert_eq!(
        respond(&SHELL, &request, &origin, "sign-in").await.unwrap().status(),
        404,
        "the test server's"
    );

    let lost = RequestInit::new();
    lost.set_signal(Some(&AbortSignal::abort()));
    let request = Request::new_with_str_and_init(SIGN_IN_PATH, &lost).unwrap();
    let response = respond(&SHELL, &request, &origin, "sign-in").await.unwrap();
    assert_eq!(response.status(), 302);
    assert!(response.headers().get("location").unwrap().is_some_and(|to| to.ends_with('/')));
}

#[wasm_bindgen_test]
fn messages_are_parsed_by_type() {
    let message = |json: &str| lifecycle::read_message(&js_sys::JSON::parse(json).unwrap());
    assert_eq!(message(r#"{"type":"skip-waiting"}"#), Some(policy::Message::SkipWaiting));
    assert_eq!(message(r#"{"type":"sync"}"#), Some(policy::Message::Sync));
    assert_eq!(message(r#"{"type":7}"#), None);
    assert_eq!(lifecycle::read_message(&JsValue::NULL), None);
}
