//! schemathesis makes up requests from `/api/openapi.json`, valid and invalid ones: no answer is a fault of the server, and none
//! has a status, a type or a form that is not described.

use std::env;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tests::TestServer;
use tokio::task::spawn_blocking;

use crate::api::{System, product, sale};
use crate::stocked;

/// The variable with the program's path.
const PROGRAM: &str = "LOTBOOK_SCHEMATHESIS";
/// Requests made up for each operation in each phase.
const MAX_EXAMPLES: &str = "60";
/// How long an answer may take.
const MAX_ANSWER_SECONDS: &str = "20";
/// What is checked of every answer.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,\
                      response_schema_conformance,negative_data_rejection,missing_required_header,ignored_auth";

/// Runs the program with the authorization of `secret` and these checks on the operations that `filter` selects.
async fn run(server: &TestServer, secret: &str, checks: &str, filter: &'static [&'static str]) -> Result<()> {
    let program = env::var(PROGRAM)
        .with_context(|| format!("{PROGRAM} is not set; run `cargo xtask test --only api`"))?;
    let document = format!("{}/api/openapi.json", server.url()?);
    let mut command = Command::new(program);
    command
        .args(["run", &document, "--phases", "examples,coverage,fuzzing", "--max-examples", MAX_EXAMPLES])
        .args(["--checks", checks, "--generation-deterministic", "--no-color"])
        .args(["--request-timeout", MAX_ANSWER_SECONDS, "--continue-on-failure"])
        .args(["--header", &format!("Authorization: Bearer {secret}")])
        .args(filter)
        .current_dir(server.path(""));
    let status = spawn_blocking(move || command.status()).await??;
    ensure!(status.success(), "schemathesis has found something ({status}); its report is above");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "it needs schemathesis: cargo xtask test --only api"]
async fn made_up_requests_of_a_key_get_described_answers() -> Result<()> {
    let (server, _) = stocked().await?;
    let erp = System::of(&server).await?;
    erp.book("products", "p-1", &json!({ "products": [product("A-1", 5)] })).await?;
    erp.book("orders", "o-1", &json!({ "orders": [sale("W-1", "1")] })).await?;
    let delivery =
        json!({ "deliveries": [{ "number": "LS-1", "lines": [{ "sku": "A-1", "quantity": "2" }] }] });
    erp.book("deliveries", "d-1", &delivery).await?;
    let checks = format!("{CHECKS},unsupported_method");
    run(&server, &erp.secret, &checks, &["--include-path-regex", "^/api/v1/"]).await
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "it needs schemathesis: cargo xtask test --only api"]
async fn made_up_requests_of_a_device_get_described_answers() -> Result<()> {
    let (server, device) = stocked().await?;
    // A sign-out would end the others, an event stream has no end, and the office takes no device's token.
    let filter = &["--exclude-path-regex", "^/api/(v1/|office/|sign-out|events)"];
    // A request of another site is refused before its method is looked at.
    run(&server, device.token(), CHECKS, filter).await
}
