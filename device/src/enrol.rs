//! Connects a device: exchanges the code of a one-time link for a token.

use device_store::SqliteStore;
use domain::{DeviceAnswer, EnrolRequest, NAMES, Warehouse};
use percent_encoding::percent_decode_str;
use sync::{Cursor, OtherSite, Store as _, TransportError, held_site, hold_site};

use crate::error::DeviceError;
use crate::home::{Home, Identity};
use crate::host::new_id;
use crate::transport::HttpTransport;

/// A one-time link such as `https://stock.example/enrol/AB12?name=Dock%201`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The server's base URL.
    pub server: String,
    /// The code.
    pub code: String,
    /// The device's name, if the link has one.
    pub name: String,
}

impl Link {
    /// Reads a link.
    ///
    /// # Errors
    /// [`DeviceError::Refused`] for a text that is none.
    pub fn read(text: &str) -> Result<Self, DeviceError> {
        let refused = || {
            let example = "https://stock.example/enrol/AB12CD34EF";
            DeviceError::Refused(format!(
                "\"{text}\" is not a link that connects a device. It looks like {example}; lotbook-server enrol prints one."
            ))
        };
        let (address, query) = text.trim().split_once('?').unwrap_or((text.trim(), ""));
        let (server, code) = address.trim_end_matches('/').rsplit_once("/enrol/").ok_or_else(refused)?;
        let host = server.strip_prefix("https://").or_else(|| server.strip_prefix("http://"));
        if host.is_none_or(str::is_empty) || code.is_empty() || code.contains('/') {
            return Err(refused());
        }
        if cfg!(not(feature = "https")) && server.starts_with("https://") {
            let message = "This build of lotbook-device speaks no HTTPS. Build it with --features https.";
            return Err(DeviceError::Refused(message.to_owned()));
        }
        let name = query.split('&').find_map(|part| part.strip_prefix("name=")).unwrap_or_default();
        let name = percent_decode_str(&name.replace('+', " ")).decode_utf8_lossy().into_owned();
        Ok(Self { server: server.to_owned(), code: code.to_uppercase(), name })
    }
}

/// Connects the device in `home`, or connects it again after its token was revoked: its stock and its queue stay.
/// `is_moved` says that the server is the old one at another address.
///
/// # Errors
/// [`DeviceError`]; the code may be used up if it is one of the disk.
pub async fn connect(
    home: &Home,
    link: &Link,
    name: Option<&str>,
    is_moved: bool,
) -> Result<Identity, DeviceError> {
    home.create()?;
    // A damaged identity is replaced; the stock book says whose work it holds.
    let known = home.identity().ok().flatten();
    let file = home.database();
    let fault = |error| DeviceError::of_store(error, &file);
    let store = match &known {
        Some(known) => home.open_store(known).await?,
        None => SqliteStore::<Warehouse>::create(&file, new_id(), NAMES.scope).map_err(fault)?,
    };
    let outbox = store.outbox(0).await.map_err(fault)?;
    let is_used = outbox.pending > 0 || outbox.cursor != Cursor::Start;
    if let Some(known) = known.filter(|known| known.server != link.server && is_used && !is_moved) {
        return Err(DeviceError::Refused(format!(
            "This device holds the stock of {}. If that server has moved to {}, say --moved; for another server, use another \
             --home.",
            known.server, link.server
        )));
    }
    let transport = HttpTransport::new(&link.server, None, &NAMES).map_err(DeviceError::Refused)?;
    let request = EnrolRequest {
        code: link.code.clone(),
        site: held_site(&store).await.map_err(fault)?,
        device_name: name.unwrap_or(&link.name).trim().to_owned(),
        bearer: true,
    };
    let answer = trade(&transport, &request).await?;
    let token = answer.token.clone().ok_or(DeviceError::Server(TransportError::Garbled))?;
    hold_site(&store, &answer.site).await.map_err(fault)?;
    let DeviceAnswer { device, name, prefix, site, .. } = answer;
    let identity =
        Identity { server: link.server.clone(), token, device, name, prefix, site, client: outbox.client };
    home.keep_identity(&identity)?;
    Ok(identity)
}

async fn trade(transport: &HttpTransport, request: &EnrolRequest) -> Result<DeviceAnswer, DeviceError> {
    let answer: DeviceAnswer = transport.post("/api/enrol", request).await.map_err(|error| match error {
        TransportError::SignInNeeded => {
            DeviceError::Refused("This link has expired or been used. Ask for a new one.".to_owned())
        }
        other => DeviceError::Server(other),
    })?;
    match &request.site {
        // The server of an earlier build does not compare them.
        Some(held) if *held != answer.site => {
            let sites = OtherSite { held: held.clone(), asked: answer.site };
            Err(DeviceError::Server(TransportError::OtherSite(sites)))
        }
        _ => Ok(answer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_has_server_code_and_name() {
        let link = Link::read(" http://127.0.0.1:8080/book/enrol/ab12?name=Dock%202%2F3 ").expect("a link");
        let expected = ("http://127.0.0.1:8080/book", "AB12", "Dock 2/3");
        assert_eq!((link.server.as_str(), link.code.as_str(), link.name.as_str()), expected);
        assert_eq!(Link::read("http://l/enrol/AB12/").expect("a link").name, "");
        for text in
            ["", "AB12", "http://l/AB12", "http:///enrol/AB12", "ftp://l/enrol/AB12", "http://l/enrol/"]
        {
            let error = Link::read(text).expect_err("no link");
            assert!(error.to_string().contains("enrol prints one"), "{error}");
        }
    }
}
