//! Webhooks over HTTPS: whose certificates are trusted, and what is told of the others.

use anyhow::{Context as _, Result};
use server::DEFAULT_SITE;
use tests::{Authority, Receiver, TestDevice, TestServer};

use crate::webhooks::{create, wait_until};
use crate::{lot, receive, vinegar};

/// What is told of a receiver that is not trusted, with the reason in between.
const REFUSED: &str = "no connection: its certificate is not trusted (";
const HINT: &str = "; --webhook-ca names further authorities";

/// Books something that the webhooks of a server are told of.
async fn book(server: &TestServer) -> Result<TestDevice> {
    let device = server.device("Ada", "available").await?;
    device.record(domain::Action::CreateProduct(vinegar())).await?;
    device.record(receive(&lot(&vinegar(), "A-1"), 10)).await?;
    assert!(device.sync(server).await?.complete);
    Ok(device)
}

#[tokio::test]
async fn a_receiver_with_a_certificate_of_the_companys_authority_is_trusted() -> Result<()> {
    let authority = Authority::new()?;
    let server = TestServer::start_trusting(authority.certificate().to_owned()).await?;
    let receiver = Receiver::start_tls(&authority.certify()?).await?;
    create(server.store()?, &receiver.url()).await?;
    book(&server).await?;
    let told = wait_until(&server, |webhook| webhook.state.delivered_at.is_some()).await?;
    assert_eq!((told.state.failures, told.state.last_error.as_str()), (0, ""));
    assert!(told.url.starts_with("https://127.0.0.1:"), "{}", told.url);
    assert!(!receiver.received().is_empty());
    Ok(())
}

#[tokio::test]
async fn a_receiver_that_nobody_vouches_for_is_told_nothing_and_its_state_says_why() -> Result<()> {
    let authority = Authority::new()?;
    for (server, files) in [
        // The company's authority is trusted, and its certificate is not of that one.
        (TestServer::start_trusting(authority.certificate().to_owned()).await?, authority.self_signed()?),
        // The certificate is of the company's authority, and that one is not trusted.
        (TestServer::start().await?, authority.certify()?),
    ] {
        let receiver = Receiver::start_tls(&files).await?;
        create(server.store()?, &receiver.url()).await?;
        book(&server).await?;
        let failing = wait_until(&server, |webhook| webhook.state.failures > 0).await?;
        let reason =
            failing.state.last_error.strip_prefix(REFUSED).with_context(|| format!("{failing:?}"))?;
        assert!(reason.ends_with(HINT), "{reason}");
        assert!(receiver.received().is_empty(), "something was sent to it");
        assert!(server.store()?.pending_events(&failing, 100).await? > 0, "the events wait");
        assert_eq!(server.store()?.webhooks(DEFAULT_SITE).await?.len(), 1);
    }
    Ok(())
}
