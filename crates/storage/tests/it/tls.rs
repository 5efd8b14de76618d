//! TLS towards database servers, with certificates made for the test.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use storage::{Db, Dsn};
use tempfile::TempDir;
use testkit::servers::{Engine, Identity, TlsServer};
use tokio::task::JoinSet;

use crate::support::cipher;

/// Certificates of a server at `localhost` and of a client, both of one authority, and another authority; the client's files.
struct Pki {
    folder: TempDir,
    server: Identity,
}

impl Pki {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let (authority, issuer) = authority("ours");
        let (other, _) = self::authority("another");
        let (certificate, key) = signed_by(&issuer, "localhost");
        let (client, client_key) = signed_by(&issuer, "gpt-load");
        for (name, pem) in [("ca", &authority), ("other", &other), ("cert", &client), ("key", &client_key)] {
            std::fs::write(folder.path().join(name), pem).unwrap();
        }
        Self { folder, server: Identity { certificate, key, authority } }
    }
}

fn authority(name: &str) -> (String, Issuer<'static, KeyPair>) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    let key = KeyPair::generate().unwrap();
    (params.self_signed(&key).unwrap().pem(), Issuer::new(params, key))
}

fn signed_by(issuer: &Issuer<'static, KeyPair>, name: &str) -> (String, String) {
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    let key = KeyPair::generate().unwrap();
    (params.signed_by(&key, issuer).unwrap().pem(), key.serialize_pem())
}

/// Whether the server lets us in.
async fn opens(dsn: &str) -> bool {
    match Db::open(&dsn.parse::<Dsn>().unwrap(), cipher(None)).await {
        Ok(db) => {
            db.ping().await.unwrap();
            db.close().await;
            true
        }
        Err(error) => {
            let told = format!("{error} {error:?}");
            assert!(!told.contains("p@ss") && !told.contains("p%40ss"), "{told}");
            false
        }
    }
}

/// Host, options, whether a certificate is asked for, whether it works.
type Case = (&'static str, &'static str, bool, bool);

async fn check(engine: Engine, cases: &'static [Case]) {
    let pki = Pki::new();
    let server = TlsServer::start(engine, pki.server.clone());
    let mut tried = JoinSet::new();
    for (host, options, with_certificate, works) in cases {
        let dsn = server.dsn(host, options, *with_certificate);
        let dsn = dsn.replace("FOLDER", pki.folder.path().to_str().unwrap());
        tried.spawn(async move { assert_eq!(opens(&dsn).await, *works, "{host} with {options}") });
    }
    tried.join_all().await;
}

#[tokio::test]
async fn postgres_is_trusted_as_far_as_the_dsn_says() {
    const CASES: [Case; 10] = [
        ("localhost", "sslmode=disable", false, false),
        ("localhost", "sslmode=prefer", false, true),
        ("localhost", "sslmode=require", false, true),
        ("localhost", "sslmode=verify-full", false, false),
        ("localhost", "sslmode=verify-full&sslrootcert=FOLDER/ca", false, true),
        ("localhost", "sslmode=verify-full&sslrootcert=FOLDER/other", false, false),
        ("127.0.0.1", "sslmode=verify-full&sslrootcert=FOLDER/ca", false, false),
        ("127.0.0.1", "sslmode=verify-ca&sslrootcert=FOLDER/ca", false, true),
        ("localhost", "sslmode=require", true, false),
        ("localhost", "sslmode=require&sslcert=FOLDER/cert&sslkey=FOLDER/key", true, true),
    ];
    check(Engine::Postgres, &CASES).await;
}

#[tokio::test]
async fn mariadb_is_trusted_as_far_as_the_dsn_says() {
    const CASES: [Case; 10] = [
        ("localhost", "tls=false", false, false),
        ("localhost", "tls=preferred", false, true),
        ("localhost", "tls=skip-verify", false, true),
        ("localhost", "tls=true", false, false),
        ("localhost", "tls=true&ssl-ca=FOLDER/ca", false, true),
        ("localhost", "tls=true&ssl-ca=FOLDER/other", false, false),
        ("127.0.0.1", "tls=true&ssl-ca=FOLDER/ca", false, false),
        ("127.0.0.1", "ssl-mode=verify-ca&ssl-ca=FOLDER/ca", false, true),
        ("localhost", "tls=skip-verify", true, false),
        ("localhost", "tls=skip-verify&ssl-cert=FOLDER/cert&ssl-key=FOLDER/key", true, true),
    ];
    check(Engine::MariaDb, &CASES).await;
}
