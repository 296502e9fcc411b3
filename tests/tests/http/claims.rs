//! What a device claims about itself and its work: who did it, when it was recorded, and what it had seen.

use anyhow::Result;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{lot, number, order, pick, send_raw, stocked, vinegar};

fn raw(seq: u64, action: &domain::Action, claims: &Value) -> Result<Value> {
    let mut mutation = json!({
        "seq": seq, "id": Uuid::from_u128(0xAB00 + u128::from(seq)), "action": serde_json::to_value(action)?,
        "author": "Raw", "captured_at": 1_790_000_000_000_i64, "schema": 2,
    });
    for (name, value) in claims.as_object().into_iter().flatten() {
        mutation[name] = value.clone();
    }
    Ok(mutation)
}

#[tokio::test]
async fn a_time_that_cannot_be_is_replaced_by_the_servers_and_no_work_is_lost() -> Result<()> {
    let (server, device) = stocked().await?;
    let now = server.clock().now().0;
    let (day, bin) = (86_400_000, lot(&vinegar(), "A-1"));
    let claimed = [0, -1, i64::MIN, i64::MAX, now + 3 * day, now + day, now - 30 * day];
    let mutations =
        claimed.iter().zip(1..).map(|(at, seq)| raw(seq, &pick(&bin, 1), &json!({ "captured_at": at })));
    let mutations: Vec<Value> = mutations.collect::<Result<_>>()?;
    let receipts = send_raw(&server, device.token(), Uuid::from_u128(0xCC), json!(mutations)).await?;
    assert!(receipts.iter().all(|receipt| receipt["outcome"]["verdict"] == "applied"), "{receipts:?}");
    let kept =
        |at: i64| number(&server, &format!("SELECT count(*) FROM stock_ledger WHERE captured_at = {at}"));
    for (at, is_kept) in claimed.iter().zip([0, 0, 0, 0, 0, 1, 1]) {
        assert_eq!(kept(*at)?, is_kept, "{at}");
    }
    let replaced = "SELECT count(*) FROM stock_ledger WHERE movement = 'pick' AND captured_at = booked_at";
    assert_eq!(number(&server, replaced)?, 5);
    Ok(())
}

#[tokio::test]
async fn an_author_is_one_line_without_escapes() -> Result<()> {
    let (server, device) = stocked().await?;
    let claims = json!({ "author": "Ada\nERROR fake \u{1b}[2J\0\u{202e}evil" });
    let bin = lot(&vinegar(), "A-1");
    send_raw(&server, device.token(), Uuid::from_u128(0xCC), json!([raw(1, &pick(&bin, 1), &claims)?]))
        .await?;
    let cleaned = "SELECT count(*) FROM stock_ledger WHERE author = 'AdaERROR fake [2Jevil (Ada)'";
    assert_eq!(number(&server, cleaned)?, 1);
    Ok(())
}

#[tokio::test]
async fn two_orders_of_one_number_are_told_apart() -> Result<()> {
    let (server, device) = stocked().await?;
    let bin = lot(&vinegar(), "A-1");
    let same_number = |id: u128| match order(id, &bin, 1) {
        domain::Action::PlaceOrder(order) => {
            domain::Action::PlaceOrder(domain::Order { number: "D01-AAAA-000001".to_owned(), ..order })
        }
        other => other,
    };
    let first = json!([raw(1, &same_number(0x11), &json!({}))?]);
    send_raw(&server, device.token(), Uuid::from_u128(0xCC), first).await?;
    let later = json!([raw(2, &same_number(0x22), &json!({}))?, raw(3, &same_number(0x33), &json!({}))?]);
    let receipts = send_raw(&server, device.token(), Uuid::from_u128(0xCC), later).await?;
    for (receipt, own) in receipts.iter().zip(["000022", "000033"]) {
        let outcome = &receipt["outcome"];
        assert_eq!(
            (&outcome["verdict"], &outcome["code"]),
            (&json!("applied"), &json!("renumbered")),
            "{outcome}"
        );
        let message = format!("Another order has this number. This one was booked as D01-AAAA-000001-{own}.");
        assert_eq!(outcome["message"], message);
    }
    assert_eq!(number(&server, "SELECT count(DISTINCT number) FROM orders")?, 3);
    let noted = "SELECT count(*) FROM stock_ledger WHERE note = 'D01-AAAA-000001-000022'";
    assert_eq!(number(&server, noted)?, 1, "the history has the number that was booked");
    Ok(())
}
