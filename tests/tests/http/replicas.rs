//! Several servers on one database of PostgreSQL.

use std::time::Duration;

use anyhow::{Context, Result};
use domain::{Action, Product};
use reqwest::{Client, Response};
use serde_json::json;
use test_postgres::{Database, Postgres};
use tests::{Books, TestServer};
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use crate::{mutation, send_raw, soap};

const PATIENCE: Duration = Duration::from_secs(20);
/// No poll comes to the help of a notification.
const NEVER: Duration = Duration::from_secs(3_600);
const LISTENERS: &str = "FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN %'";

async fn listen(server: &TestServer, token: &str) -> Result<Response> {
    Ok(Client::new().get(format!("{}/api/events", server.url()?)).bearer_auth(token).send().await?)
}

/// Waits until the stream has told of `rev`.
async fn hear(stream: &mut Response, rev: u64) -> Result<()> {
    let told = format!("data: {{\"rev\":{rev}}}");
    let heard = async {
        loop {
            let chunk = stream.chunk().await?.context("the stream has ended")?;
            if String::from_utf8_lossy(&chunk).lines().any(|line| line == told) {
                return anyhow::Ok(());
            }
        }
    };
    timeout(PATIENCE, heard).await.with_context(|| format!("revision {rev} was not told"))?
}

/// Waits until both servers listen, by other processes of the database than `before`. Returns those.
async fn both_listen(database: &Database, before: &[String]) -> Result<Vec<String>> {
    for _ in 0..200 {
        let found = database.as_superuser(&format!("SELECT pid {LISTENERS}"))?;
        let processes: Vec<String> = found.lines().map(str::to_owned).collect();
        if processes.len() == 2 && !processes.iter().any(|process| before.contains(process)) {
            return Ok(processes);
        }
        sleep(Duration::from_millis(50)).await;
    }
    anyhow::bail!("the servers do not listen")
}

/// Books one more revision at a server.
async fn book(server: &TestServer, token: &str, seq: u64) -> Result<()> {
    let product = Product { id: Uuid::from_u128(seq.into()), sku: format!("S-{seq}"), ..soap() };
    let action = serde_json::to_value(Action::CreateProduct(product))?;
    let client = Uuid::from_u128(0xC1);
    let receipts = send_raw(server, token, client, json!([mutation(seq, &action)])).await?;
    anyhow::ensure!(receipts[0]["outcome"]["verdict"] == "applied", "{receipts:?}");
    Ok(())
}

#[tokio::test]
async fn a_change_at_one_server_is_told_by_the_other() -> Result<()> {
    for is_pooled in [false, true] {
        let postgres = Postgres::shared()?;
        let database = if is_pooled { postgres.pooled_database()? } else { postgres.database()? };
        let direct = is_pooled.then(|| database.direct_url());
        let books = Books::on(database);
        let Books::Postgres(database) = &books else { unreachable!() };
        let one = TestServer::start_beside(books.clone(), NEVER, direct.clone()).await?;
        let two = TestServer::start_beside(books.clone(), NEVER, direct).await?;
        let processes = both_listen(database, &[]).await?;
        let token = one.enrol().await?;
        let mut stream = listen(&two, &token).await?;
        hear(&mut stream, 0).await?;
        for seq in 1..=3 {
            book(&one, &token, seq).await?;
            hear(&mut stream, seq).await?;
        }
        // The connections are lost, as when the database fails over.
        database.as_superuser(&format!("SELECT pg_terminate_backend(pid) {LISTENERS}"))?;
        both_listen(database, &processes).await?;
        book(&one, &token, 4).await?;
        hear(&mut stream, 4).await?;
    }
    Ok(())
}

#[tokio::test]
async fn without_a_direct_connection_changes_are_polled() -> Result<()> {
    let books = Books::on(Postgres::shared()?.pooled_database()?);
    let poll = Duration::from_millis(200);
    let one = TestServer::start_beside(books.clone(), NEVER, None).await?;
    let two = TestServer::start_beside(books, poll, None).await?;
    let token = one.enrol().await?;
    let mut stream = listen(&two, &token).await?;
    book(&one, &token, 1).await?;
    hear(&mut stream, 1).await
}

#[tokio::test]
async fn a_direct_connection_is_for_postgresql() -> Result<()> {
    let folder = tempfile::TempDir::new()?;
    let file = Books::File(folder.path().join("stock.db"));
    let direct = Some("postgres://localhost/stock".to_owned());
    let refused = TestServer::start_beside(file, NEVER, direct).await.map(|_| ());
    let message = refused.err().context("no server")?.to_string();
    assert!(message.contains("--database-listen is for PostgreSQL"), "{message}");
    Ok(())
}
