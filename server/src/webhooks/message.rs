//! The request that tells a receiver of events, signed as Standard Webhooks specifies it.

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Serialize;
use serde_json::value::RawValue;
use sha2::Sha256;
use sync::UnixMillis;
use uuid::Uuid;

use super::receiver::Request;
use super::registration::SECRET_PREFIX;
use crate::store::StoreFault;
use crate::store::webhooks::{Event, Secret, Webhook};

/// The namespace of the ids of messages.
const MESSAGE_IDS: Uuid = Uuid::from_u128(0x0f5b_7c61_2d0e_4f5a_8a1c_6b0d_53e7_19c4);
const MILLIS_A_SECOND: i64 = 1_000;

#[derive(Serialize)]
struct Body<'b> {
    site: &'b str,
    events: Vec<&'b RawValue>,
}

/// The request with `events` at a time.
///
/// # Errors
/// [`StoreFault::Failed`] if the stored secret is damaged.
pub(super) fn request(webhook: &Webhook, events: &[Event], now: UnixMillis) -> Result<Request, StoreFault> {
    let body = Body { site: &webhook.site, events: events.iter().map(|event| &*event.json).collect() };
    let body = serde_json::to_string(&body).map_err(|error| StoreFault::Failed(error.to_string()))?;
    let (id, timestamp) = (message_id(events).to_string(), (now.0 / MILLIS_A_SECOND).to_string());
    let signature = sign(&webhook.secret, &id, &timestamp, &body)?;
    let headers = [("webhook-id", id), ("webhook-timestamp", timestamp), ("webhook-signature", signature)];
    Ok(Request { url: webhook.url.clone(), headers, body })
}

/// The same for the same events; that of a single event is its own.
fn message_id(events: &[Event]) -> Uuid {
    match events {
        [only] => only.id,
        events => {
            let ids: Vec<u8> = events.iter().flat_map(|event| event.id.into_bytes()).collect();
            Uuid::new_v5(&MESSAGE_IDS, &ids)
        }
    }
}

/// `v1,` and the Base64 of the HMAC-SHA256 of `id.timestamp.body`.
fn sign(secret: &Secret, id: &str, timestamp: &str, body: &str) -> Result<String, StoreFault> {
    let damaged = || StoreFault::Failed("the secret of a webhook is damaged".to_owned());
    let key = secret.expose().strip_prefix(SECRET_PREFIX).ok_or_else(damaged)?;
    let key = BASE64.decode(key.as_bytes()).map_err(|_| damaged())?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|_| damaged())?;
    mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
    Ok(format!("v1,{}", BASE64.encode(mac.finalize().into_bytes().as_slice())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::webhooks::{EventKind, Position, WebhookState};

    fn event(number: u128) -> Event {
        let json = RawValue::from_string(format!("{{\"n\":{number}}}")).expect("JSON");
        Event { id: Uuid::from_u128(number), position: Position::end_of(1), json }
    }

    #[test]
    fn a_signature_is_that_of_the_specification() {
        // The example of the specification's libraries.
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned());
        let signed = sign(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", "{\"test\": 2432232314}");
        assert_eq!(signed.expect("a signature"), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert!(sign(&Secret::new("MfKQ".to_owned()), "", "", "").is_err());
    }

    #[test]
    fn a_request_has_the_events_as_they_are() {
        let webhook = Webhook {
            site: "north".to_owned(),
            id: Uuid::nil(),
            url: "https://erp.example/".to_owned(),
            secret: Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned()),
            kinds: vec![EventKind::MovementBooked],
            created_at: UnixMillis(0),
            state: WebhookState::after(Position::end_of(0)),
        };
        let of = |events: &[Event], at| request(&webhook, events, UnixMillis(at)).expect("a request");
        let both = of(&[event(1), event(2)], 1_999);
        assert_eq!(both.body, r#"{"site":"north","events":[{"n":1},{"n":2}]}"#);
        let [id, timestamp, signature] = &both.headers;
        assert_eq!((timestamp.0, timestamp.1.as_str()), ("webhook-timestamp", "1"));
        let expected = sign(&webhook.secret, &id.1, "1", &both.body).expect("a signature");
        assert_eq!(*signature, ("webhook-signature", expected));
        let later = of(&[event(1), event(2)], 5_000);
        assert_eq!(later.headers[0], both.headers[0], "sent again, it has the same id");
        assert_ne!(later.headers[2], both.headers[2], "and the time is signed");
        assert_ne!(of(&[event(1), event(3)], 1).headers[0].1, id.1);
        assert_eq!(of(&[event(3)], 1).headers[0].1, Uuid::from_u128(3).to_string());
    }
}
