//! A mutation takes effect exactly once, regardless of how often it is sent and by which device.

use std::cell::Cell;

use anyhow::Result;
use domain::{Action, Quantity, Row, Warehouse};
use serde_json::json;
use sync::{
    AuditRequest, AuditResponse, RoundLimits, Store, SyncRequest, SyncResponse, Transport, TransportError,
    Verdict,
};
use tests::NativeTransport;
use uuid::Uuid;

use crate::{lot, lots_that_do_not_add_up, mutation, number, pick, receive, send_raw, stocked, vinegar};

/// A transport that delivers every request but loses every other answer.
struct LosesAnswers {
    inner: NativeTransport,
    exchanges: Cell<u32>,
}

impl Transport<Warehouse> for LosesAnswers {
    async fn exchange(&self, request: &SyncRequest<Action>) -> Result<SyncResponse<Row>, TransportError> {
        let answer = self.inner.exchange(request).await?;
        self.exchanges.set(self.exchanges.get() + 1);
        if self.exchanges.get() % 2 == 1 { Err(TransportError::Unreachable) } else { Ok(answer) }
    }

    async fn audit(&self, request: &AuditRequest) -> Result<AuditResponse<Row>, TransportError> {
        self.inner.audit(request).await
    }
}

#[tokio::test]
async fn retries_after_lost_answers_book_nothing_twice() -> Result<()> {
    let (server, device) = stocked().await?;
    let lossy = LosesAnswers { inner: server.transport(device.token())?, exchanges: Cell::new(0) };
    let limits = RoundLimits { max_batch_mutations: 3, ..RoundLimits::default() };
    let bin = lot(&vinegar(), "A-1");
    for _ in 0..8 {
        device.record(pick(&bin, 1)).await?;
    }
    let mut attempts = 0;
    while device.sync_by(&lossy, limits).await.is_err() {
        attempts += 1;
        assert!(attempts < 20, "the queue never drains");
    }
    assert_eq!(device.store().queue().await?.records, []);
    assert_eq!(device.lot(&bin).await?.expect("the lot").row.quantity, Quantity::units(2));
    assert_eq!(number(&server, "SELECT count(*) FROM stock_ledger WHERE movement = 'pick'")?, 8);
    assert_eq!(lots_that_do_not_add_up(&server)?, 0);
    Ok(())
}

#[tokio::test]
async fn the_same_batch_from_two_tabs_at_once_is_booked_once() -> Result<()> {
    let (server, device) = stocked().await?;
    let bin = lot(&vinegar(), "A-1");
    for _ in 0..20 {
        device.record(pick(&bin, 1)).await?;
    }
    let outbox = device.store().outbox(100).await?;
    let request = SyncRequest {
        protocol: sync::PROTOCOL_VERSION,
        client: outbox.client,
        site: None,
        epoch: outbox.epoch,
        last_outcome_seq: outbox.last_outcome_seq,
        mutations: outbox.mutations,
        cursor: outbox.cursor,
        scope: outbox.scope,
        tables: Vec::new(),
        max_rows: 100,
        sent_at: None,
    };
    let transport = server.transport(device.token())?;
    let (one, other) = futures::join!(transport.exchange(&request), transport.exchange(&request));
    let verdicts = |answer: SyncResponse<Row>| -> Vec<_> {
        answer.receipts.into_iter().map(|receipt| (receipt.seq, receipt.outcome.verdict)).collect()
    };
    assert_eq!(verdicts(one?), verdicts(other?));
    assert_eq!(number(&server, "SELECT count(*) FROM stock_ledger WHERE movement = 'pick'")?, 20);
    device.sync(&server).await?;
    assert_eq!(device.lot(&bin).await?.expect("the lot").row.quantity, Quantity::units(-10));
    Ok(())
}

#[tokio::test]
async fn a_replay_returns_the_stored_outcome_with_the_current_rows() -> Result<()> {
    let (server, device) = stocked().await?;
    let bin = lot(&vinegar(), "A-1");
    let client = Uuid::from_u128(7);
    let sent = json!([mutation(1, &serde_json::to_value(pick(&bin, 1))?)]);
    let first = send_raw(&server, device.token(), client, sent.clone()).await?;
    device.record(receive(&bin, 5)).await?;
    device.sync(&server).await?;
    let again = send_raw(&server, device.token(), client, sent).await?;
    assert_eq!(again[0]["outcome"]["verdict"], "applied");
    let quantity_in = |receipt: &serde_json::Value| receipt["outcome"]["rows"][1][1]["l"]["quantity"].clone();
    assert_eq!(quantity_in(&first[0]), 9_000);
    assert_eq!(quantity_in(&again[0]), 14_000);
    Ok(())
}

#[tokio::test]
async fn a_seq_is_never_reused_and_an_id_never_booked_twice() -> Result<()> {
    let (server, device) = stocked().await?;
    let action = serde_json::to_value(pick(&lot(&vinegar(), "A-1"), 1))?;
    let (one, other) = (Uuid::from_u128(7), Uuid::from_u128(8));
    send_raw(&server, device.token(), one, json!([mutation(5, &action)])).await?;

    let mut reused = mutation(5, &action);
    reused["id"] = json!(Uuid::from_u128(0xBEEF));
    let receipts = send_raw(&server, device.token(), one, json!([reused.clone()])).await?;
    assert_eq!(receipts[0]["outcome"]["verdict"], "rejected");
    assert_eq!(receipts[0]["outcome"]["code"], "seq_reused");
    assert_eq!(receipts[0]["id"], reused["id"]);

    let mut renumbered = mutation(5, &action);
    renumbered["seq"] = json!(9);
    for client in [one, other] {
        let receipts = send_raw(&server, device.token(), client, json!([renumbered.clone()])).await?;
        assert_eq!(receipts[0]["outcome"]["verdict"], "applied");
        assert_eq!(receipts[0]["seq"], 9);
    }
    assert_eq!(number(&server, "SELECT count(*) FROM stock_ledger WHERE movement = 'pick'")?, 1);

    let first = send_raw(&server, device.token(), one, json!([mutation(5, &action)])).await?;
    assert_eq!(first[0]["outcome"]["verdict"], "applied", "the outcome of seq 5 was overwritten");
    Ok(())
}

#[tokio::test]
async fn a_request_that_arrives_late_books_nothing_out_of_order() -> Result<()> {
    let (server, device) = stocked().await?;
    let action = serde_json::to_value(pick(&lot(&vinegar(), "A-1"), 1))?;
    let client = Uuid::from_u128(7);
    send_raw(&server, device.token(), client, json!([mutation(5, &action)])).await?;
    let late = send_raw(&server, device.token(), client, json!([mutation(3, &action), mutation(6, &action)]))
        .await?;
    let codes: Vec<_> = late.iter().map(|receipt| receipt["outcome"]["code"].as_str()).collect();
    assert_eq!(codes, [Some("too_late"), Some("")]);
    assert_eq!(number(&server, "SELECT count(*) FROM stock_ledger WHERE movement = 'pick'")?, 2);
    Ok(())
}

#[tokio::test]
async fn a_rejection_is_final() -> Result<()> {
    let (server, device) = stocked().await?;
    let unknown = lot(&crate::soap(), "A-1");
    let sent = json!([mutation(1, &serde_json::to_value(pick(&unknown, 1))?)]);
    let client = Uuid::from_u128(7);
    let first = send_raw(&server, device.token(), client, sent.clone()).await?;
    assert_eq!(first[0]["outcome"]["code"], "unknown_product");
    device.record(Action::CreateProduct(crate::soap())).await?;
    device.sync(&server).await?;
    let again = send_raw(&server, device.token(), client, sent).await?;
    assert_eq!(again[0]["outcome"]["code"], "unknown_product");
    assert_eq!(serde_json::from_value::<Verdict>(again[0]["outcome"]["verdict"].clone())?, Verdict::Rejected);
    Ok(())
}
