//! The requests of docs/api.md work as they stand there, one after the other, on an empty site.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use reqwest::Client;
use serde_json::Value;
use server::DEFAULT_SITE;
use server::api_keys::KeyScope;
use tests::TestServer;

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/api.md");

/// A `curl` of the document.
#[derive(Debug)]
struct Curl {
    url: String,
    headers: Vec<(String, String)>,
    body: Option<String>,
}

impl Curl {
    /// `curl "URL" -H "NAME: VALUE" -d 'BODY'`, with the variables of the document.
    fn read(command: &str, url: &str, secret: &str) -> Result<Self> {
        let command = command.replace("$LOTBOOK", url).replace("$KEY", secret);
        let (options, body) = match command.split_once(" -d '") {
            Some((options, body)) => {
                (options.to_owned(), Some(body.trim_end().trim_end_matches('\'').to_owned()))
            }
            None => (command, None),
        };
        let mut quoted = options.split('"').skip(1).step_by(2).map(str::to_owned);
        let url = quoted.next().context("no URL")?;
        let header = |text: String| {
            let (name, value) = text.split_once(": ").context("no header")?;
            Ok((name.to_owned(), value.to_owned()))
        };
        Ok(Self { url, headers: quoted.map(header).collect::<Result<_>>()?, body })
    }

    async fn send(&self) -> Result<(u16, Value)> {
        let client = Client::new();
        let mut request = match &self.body {
            Some(body) => client.post(&self.url).body(body.clone()),
            None => client.get(&self.url),
        };
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let response = request.send().await?;
        Ok((response.status().as_u16(), serde_json::from_slice(&response.bytes().await?)?))
    }
}

/// The commands in the shell blocks of a document.
fn commands(document: &str) -> Vec<String> {
    let blocks = document.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    let mut found: Vec<String> = Vec::new();
    for line in blocks.flat_map(str::lines) {
        match found.last_mut() {
            _ if line.starts_with("curl ") => found.push(line.to_owned()),
            Some(last) if last.matches('\'').count() == 1 => last.push_str(&format!("\n{line}")),
            Some(_) | None => {}
        }
    }
    found
}

#[tokio::test]
async fn the_requests_of_the_document_work_as_they_stand_there() -> Result<()> {
    let server = TestServer::start().await?;
    let secret = server.key(DEFAULT_SITE, "ERP", &KeyScope::ALL).await?;
    let document = fs::read_to_string(Path::new(DOCUMENT))?;
    let commands = commands(&document);
    ensure!(commands.len() >= 10, "{commands:#?}");
    let (mut read, mut written) = (0, 0);
    for command in commands {
        let curl = Curl::read(&command, &server.url()?, &secret)?;
        let (status, answer) = curl.send().await?;
        assert_eq!(status, 200, "{command}\n{answer}");
        if curl.body.is_some() {
            assert_eq!(answer["repeated"], false, "{command}");
            assert_eq!(answer["warnings"].as_array().map_or(0, Vec::len), 0, "{command}\n{answer}");
            written += 1;
        } else if !curl.url.ends_with("after=now") {
            assert!(answer["items"].as_array().is_some_and(|items| !items.is_empty()), "{command}\n{answer}");
            read += 1;
        }
    }
    assert_eq!((written, read), (4, 5));
    for scope in KeyScope::ALL {
        assert!(document.contains(scope.name()), "{scope} is not in the document");
    }
    Ok(())
}
