//! Tokens as Supabase signs them, and keys as it publishes them.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use data_encoding::BASE64URL_NOPAD as BASE64;
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
    RsaPublicKeyComponents,
};
use serde_json::{Value, json};
use sync::UnixMillis;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use uuid::Uuid;

use super::{Person, SupabaseOptions, TokenFault, Tokens};

const SECRET: &str = "a secret of the project that nobody guesses";
const NOW: UnixMillis = UnixMillis(1_800_000_000_000);
const MINUTE: u64 = 60_000;

/// Signs the head and the claims.
fn token(head: &Value, claims: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let part = |value: &Value| BASE64.encode(value.to_string().as_bytes());
    let message = format!("{}.{}", part(head), part(claims));
    let signature = BASE64.encode(&sign(message.as_bytes()));
    format!("{message}.{signature}")
}

fn with_secret(secret: &[u8]) -> impl Fn(&[u8]) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    move |message| hmac::sign(&key, message).as_ref().to_vec()
}

/// A pair of keys on the curve P-256.
struct Pair(EcdsaKeyPair);

impl Pair {
    fn new() -> Self {
        let random = SystemRandom::new();
        let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).expect("a key");
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key.as_ref(), &random);
        Self(pair.expect("a pair"))
    }

    fn published(&self, kid: &str) -> Value {
        let (x, y) = self.0.public_key().as_ref()[1..].split_at(32);
        json!({ "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": kid, "x": BASE64.encode(x), "y": BASE64.encode(y) })
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.0.sign(&SystemRandom::new(), message).expect("a signature").as_ref().to_vec()
    }

    fn token(&self, kid: &str, claims: &Value) -> String {
        token(&json!({ "alg": "ES256", "typ": "JWT", "kid": kid }), claims, |message| self.sign(message))
    }
}

/// A server that publishes keys.
#[derive(Clone, Default)]
struct Published {
    keys: Arc<Mutex<Option<Value>>>,
    requests: Arc<AtomicU32>,
}

impl Published {
    fn set(&self, keys: Option<Value>) {
        *self.keys.lock().expect("keys") = keys;
    }

    fn requests(&self) -> u32 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Returns its address. Without keys it answers 500.
    async fn start(&self) -> String {
        let socket = TcpListener::bind(("127.0.0.1", 0)).await.expect("a socket");
        let address = socket.local_addr().expect("an address");
        let published = self.clone();
        tokio::spawn(async move {
            while let Ok((mut connection, _)) = socket.accept().await {
                let mut request = [0; 2_048];
                let read = connection.read(&mut request).await.unwrap_or_default();
                assert!(request[..read].starts_with(b"GET /auth/v1/.well-known/jwks.json "), "its address");
                published.requests.fetch_add(1, Ordering::Relaxed);
                let keys = published.keys.lock().expect("keys").clone();
                let (status, body) =
                    keys.map_or((500, "{}".to_owned()), |keys| (200, json!({ "keys": keys }).to_string()));
                let length = body.len();
                let answer = format!(
                    "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
                );
                let _ = connection.write_all(answer.as_bytes()).await;
            }
        });
        format!("http://{address}")
    }
}

fn tokens(url: &str, secret: Option<&str>) -> Tokens {
    let claim = super::DEFAULT_CLAIM.parse().expect("a path");
    Tokens::new(SupabaseOptions { url: url.to_owned(), secret: secret.map(str::to_owned), claim })
        .expect("options")
}

fn ada() -> Person {
    Person { id: Uuid::from_u128(0xADA), sites: vec!["main".to_owned(), "north".to_owned()] }
}

/// Claims of Ada, as Supabase writes them, with others in place of some.
fn claims(url: &str, others: Value) -> Value {
    let seconds = NOW.0 / 1_000;
    let mut claims = json!({
        "iss": format!("{url}/auth/v1"), "sub": ada().id, "aud": "authenticated", "role": "authenticated",
        "iat": seconds - 10, "exp": seconds + 3_590, "email": "ada@example.com", "is_anonymous": false,
        "app_metadata": { "provider": "email", "sites": ["main", "north"] }, "user_metadata": { "sites": ["other"] },
    });
    for (name, value) in others.as_object().expect("claims") {
        claims[name] = value.clone();
    }
    claims
}

fn refusal(found: Result<Person, TokenFault>) -> String {
    match found {
        Err(TokenFault::Refused(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn tokens_with_a_right_signature_name_a_person_and_sites() {
    let published = Published::default();
    let url = published.start().await;
    let (pair, mut openssl) = (Pair::new(), Command::new("openssl"));
    openssl.args(["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-outform", "DER"]);
    let key = openssl.output().expect("openssl").stdout;
    // Its versions differ in the form of the key.
    let rsa = RsaKeyPair::from_pkcs8(&key).or_else(|_| RsaKeyPair::from_der(&key)).expect("a key");
    let part = |bytes: &[u8]| BASE64.encode(bytes);
    let public: RsaPublicKeyComponents<Vec<u8>> = rsa.public().into();
    let of_rsa = json!({
        "kty": "RSA", "alg": "RS256", "kid": "r", "n": part(&public.n),
        "e": part(&public.e),
    });
    let unused = json!({ "kty": "oct", "kid": "o", "k": part(b"a shared key that is published") });
    published.set(Some(json!([unused, { "kty": "new" }, 5, pair.published("e"), of_rsa])));
    let sign_rsa = |message: &[u8]| {
        let mut signature = vec![0; rsa.public().modulus_len()];
        rsa.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).expect("a signature");
        signature
    };
    let claims = claims(&url, json!({}));
    let by_secret = token(&json!({ "alg": "HS256", "typ": "JWT" }), &claims, with_secret(SECRET.as_bytes()));
    let by_rsa = token(&json!({ "alg": "RS256", "kid": "r" }), &claims, sign_rsa);
    let with = tokens(&url, Some(SECRET));
    for token in [&by_secret, &pair.token("e", &claims), &by_rsa] {
        assert_eq!(with.person(token, NOW).await, Ok(ada()), "{token}");
    }
    assert_eq!(published.requests(), 1);
    let without = tokens(&url, None);
    assert!(refusal(without.person(&by_secret, NOW).await).contains("this server has none"));

    // A published key never serves as a secret, or with another algorithm.
    let confused = |alg: &str, kid: &str, sign: &dyn Fn(&[u8]) -> Vec<u8>| {
        token(&json!({ "alg": alg, "kid": kid }), &claims, sign)
    };
    let point = with_secret(pair.0.public_key().as_ref());
    for (kid, alg, sign) in [
        ("e", "HS256", &point as &dyn Fn(&[u8]) -> Vec<u8>),
        ("o", "HS256", &with_secret(b"a shared key that is published")),
        ("r", "ES256", &|message: &[u8]| pair.sign(message)),
        ("e", "RS256", &sign_rsa),
        ("e", "none", &|_: &[u8]| Vec::new()),
        ("e", "ES256", &|_: &[u8]| Vec::new()),
        ("e", "ES256", &|_: &[u8]| vec![0; 64]),
        ("e", "ES256", &|_: &[u8]| Pair::new().sign(b"another message")),
    ] {
        for tokens in [&with, &without] {
            refusal(tokens.person(&confused(alg, kid, sign), NOW).await);
        }
    }
}

#[tokio::test]
async fn tokens_of_others_and_of_other_times_are_refused() {
    let url = "https://project.example";
    let tokens = tokens(&format!("{url}/"), Some(SECRET));
    let head = json!({ "alg": "HS256" });
    let sign = with_secret(SECRET.as_bytes());
    let seconds = NOW.0 / 1_000;
    for (others, why) in [
        (json!({ "exp": seconds - 61 }), "expired"),
        (json!({ "exp": null }), "exp"),
        (json!({ "exp": "tomorrow" }), "exp"),
        (json!({ "nbf": seconds + 61 }), "expired"),
        (json!({ "aud": "anon" }), "audience"),
        (json!({ "aud": null }), "aud"),
        (json!({ "iss": "https://other.example/auth/v1" }), "issuer"),
        (json!({ "role": "service_role" }), "signed in"),
        (json!({ "sub": "ada" }), "person"),
        (json!({ "app_metadata": {} }), "no site"),
        (json!({ "app_metadata": { "sites": [] } }), "no site"),
        (json!({ "app_metadata": { "sites": [1, "", null] } }), "no site"),
        (json!({ "padding": "x".repeat(9_000) }), "too long"),
    ] {
        let refused = refusal(tokens.person(&token(&head, &claims(url, others.clone()), &sign), NOW).await);
        assert!(refused.to_lowercase().contains(why), "{others}: {refused}");
    }
    let one = json!({ "app_metadata": { "sites": "north" }, "exp": seconds - 59, "nbf": seconds + 59 });
    let of_one = tokens.person(&token(&head, &claims(url, one), &sign), NOW).await.expect("a token");
    assert_eq!(of_one.sites, ["north"]);
    let right = token(&head, &claims(url, json!({})), &sign);
    let parts: Vec<&str> = right.split('.').collect();
    let other =
        BASE64.encode(claims(url, json!({ "app_metadata": { "sites": ["other"] } })).to_string().as_bytes());
    for changed in
        [format!("{}.{other}.{}", parts[0], parts[2]), format!("{}.{}.", parts[0], parts[1]), "..".to_owned()]
    {
        refusal(tokens.person(&changed, NOW).await);
    }
    for (secret, address) in [("short", url), (SECRET, "project"), (SECRET, "ftp://project.example")] {
        let claim = super::DEFAULT_CLAIM.parse().expect("a path");
        let options = SupabaseOptions { url: address.to_owned(), secret: Some(secret.to_owned()), claim };
        assert!(Tokens::new(options).is_err(), "{secret}, {address}");
    }
}

#[tokio::test]
async fn keys_are_fetched_when_they_change_but_not_for_every_token() {
    let published = Published::default();
    let url = published.start().await;
    let tokens = tokens(&url, None);
    let (first, second) = (Pair::new(), Pair::new());
    let forever = claims(&url, json!({ "exp": NOW.0 / 1_000 + 1_000_000 }));
    let (by_first, by_second) = (first.token("1", &forever), second.token("2", &forever));
    let at = |millis: u64| NOW.plus(millis);

    let fault = tokens.person(&by_first, at(0)).await;
    assert!(matches!(&fault, Err(TokenFault::NoKeys(why)) if why.contains("500")), "{fault:?}");
    published.set(Some(json!([first.published("1")])));
    assert!(tokens.person(&by_first, at(29_999)).await.is_err());
    assert_eq!(published.requests(), 1, "not asked again at once");
    assert_eq!(tokens.person(&by_first, at(30_000)).await, Ok(ada()));

    for kid in 0..50 {
        let unknown = second.token(&format!("unknown-{kid}"), &forever);
        assert!(refusal(tokens.person(&unknown, at(31_000)).await).contains("none of the project's"));
    }
    assert_eq!(published.requests(), 2, "unknown keys");
    published.set(Some(json!([first.published("1"), second.published("2")])));
    let both = tokio::join!(tokens.person(&by_second, at(MINUTE)), tokens.person(&by_second, at(MINUTE)));
    assert_eq!(both, (Ok(ada()), Ok(ada())));
    assert_eq!(published.requests(), 3, "a new key");

    // A withdrawn key is accepted for ten minutes.
    published.set(Some(json!([second.published("2")])));
    assert_eq!(tokens.person(&by_first, at(11 * MINUTE - 1)).await, Ok(ada()));
    assert!(refusal(tokens.person(&by_first, at(11 * MINUTE)).await).contains("none of the project's"));

    // While the project does not answer, known keys are good for a day.
    published.set(None);
    assert_eq!(tokens.person(&by_second, at(60 * MINUTE)).await, Ok(ada()));
    assert_eq!(tokens.person(&by_second, at(11 * MINUTE + 24 * 60 * MINUTE - 1)).await, Ok(ada()));
    let fault = tokens.person(&by_second, at(12 * MINUTE + 24 * 60 * MINUTE)).await;
    assert!(matches!(fault, Err(TokenFault::NoKeys(_))), "{fault:?}");
}

#[test]
fn a_claim_is_a_path_that_people_cannot_change() {
    use super::ClaimPath;

    let path: ClaimPath = "app_metadata.lotbook.site-2".parse().expect("a path");
    assert_eq!(
        (path.to_string().as_str(), path.as_array().as_str()),
        ("app_metadata.lotbook.site-2", "{app_metadata,lotbook,site-2}")
    );
    for bad in ["", ".", "a..b", "a.b'", "a.{b}", "a b", "user_metadata.sites", "a.b.c.d.e.f.g"] {
        let refused: Result<ClaimPath, String> = bad.parse();
        assert!(refused.is_err_and(|why| why.ends_with('.')), "{bad}");
    }
}
