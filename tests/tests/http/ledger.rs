//! Invariants after random work: the ledger's sums equal the stock, the ledger is append-only, and devices
//! agree.

use anyhow::Result;
use domain::{Action, LotPatch, LotRef, LotStatus, Product, Quantity};
use fastrand::Rng;
use sync::Store;
use tests::{TestDevice, TestServer};
use uuid::Uuid;

use crate::{lots_that_do_not_add_up, number, order, pick, price, receive, stocked, vinegar};

fn product(number: u64) -> Product {
    Product { id: Uuid::from_u128(0xB0 + u128::from(number)), sku: format!("S-{number}"), ..vinegar() }
}

fn any_action(dice: &mut Rng) -> Action {
    let product = product(dice.u64(..6));
    let bin = format!("A-{}", dice.u64(..4));
    let lot = LotRef::new(product.id, &format!("L{}", dice.u64(..2)), &bin);
    let units = dice.i64(1..=9);
    let quantity = Quantity::units(units);
    match dice.u64(..12) {
        0 => Action::CreateProduct(self::product(6 + dice.u64(..1_000_000))),
        1 | 2 => receive(&lot, units),
        3 => pick(&lot, units),
        4 => Action::MoveLot { lot, to: format!("A-{}", dice.u64(..4)), quantity },
        5 => Action::AdjustLot {
            lot,
            delta: Quantity::units(units - 5),
            reason: "found".into(),
            delivery: None,
        },
        6 => Action::CountLot { lot, counted: quantity, basis: Quantity::units(units - 1) },
        7 => order(u128::from(dice.u64(..1_000_000)), &lot, units),
        8 => price(&product, units),
        9 => {
            let status = LotStatus::ALL[dice.usize(..4)];
            Action::UpdateLot { lot, patch: LotPatch { status: Some(status), expires_on: None } }
        }
        10 => Action::DeleteLot { lot },
        _ => Action::DeleteProduct { id: product.id },
    }
}

async fn agree(server: &TestServer, devices: &[TestDevice]) -> Result<()> {
    for device in devices {
        assert!(device.sync(server).await?.complete);
        let pending =
            device.store().queue().await?.records.into_iter().filter(sync::QueueRecord::is_pending).count();
        assert_eq!(pending, 0);
    }
    let fresh = server.device("Fresh", "available").await?;
    fresh.sync(server).await?;
    for device in devices {
        device.sync(server).await?;
        assert_eq!(device.rows().await?, fresh.rows().await?);
    }
    Ok(())
}

#[tokio::test]
async fn ledger_sums_equal_the_stock_after_random_work_on_three_devices() -> Result<()> {
    for seed in [1, 2, 3] {
        let server = TestServer::start().await?;
        let mut devices = Vec::new();
        for name in ["Ada", "Ben", "Cy"] {
            devices.push(server.device(name, "available").await?);
        }
        let mut dice = Rng::with_seed(seed);
        for number in 0..6 {
            devices[0].record(Action::CreateProduct(product(number))).await?;
        }
        devices[0].sync(&server).await?;
        for _ in 0..250 {
            let device = &devices[dice.usize(..3)];
            device.record(any_action(&mut dice)).await?;
            if dice.u64(..5) == 0 {
                device.sync(&server).await?;
            }
        }
        agree(&server, &devices).await?;
        assert_eq!(lots_that_do_not_add_up(&server)?, 0, "seed {seed}");
        assert!(number(&server, "SELECT count(*) FROM stock_ledger")? > 100, "seed {seed}");
        let orphans = "SELECT count(*) FROM stock_ledger AS ledger WHERE NOT EXISTS (SELECT 1 FROM receipts \
                       WHERE receipts.mutation_id = ledger.mutation_id AND verdict IN ('applied', 'merged'))";
        assert_eq!(number(&server, orphans)?, 0, "seed {seed}");
    }
    Ok(())
}

#[tokio::test]
async fn the_ledger_is_append_only() -> Result<()> {
    let (server, _device) = stocked().await?;
    // By a trigger or by privileges.
    let reason = if server.file().is_some() { "append-only" } else { "permission denied" };
    for sql in ["UPDATE stock_ledger SET delta = 0", "DELETE FROM stock_ledger"] {
        let error = format!("{:#}", server.books().run(sql).expect_err(sql));
        assert!(error.contains(reason), "{error}");
    }
    Ok(())
}
