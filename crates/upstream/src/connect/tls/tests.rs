use std::process::Command;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{ServerConfig, pki_types::PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

const ROLE: &str = "UPSTREAM_TEST_TLS_CERTIFICATE";

/// Serves one connection with the certificate in the folder and tells whether our configuration trusts it.
async fn handshake(folder: &str) -> Result<(), SendError> {
    let read = |name: &str| std::fs::read(format!("{folder}/{name}")).expect("a file");
    let key = PrivateKeyDer::try_from(read("key")).expect("a key");
    let server = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![read("certificate").into()], key)
        .expect("a certificate");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let stream = tokio::net::TcpStream::connect(listener.local_addr().expect("its address")).await.expect("a peer");
    let connector = TlsConnector::from(tls_config().expect("a configuration"));
    let serve = async {
        let (stream, _) = listener.accept().await.expect("a peer");
        let mut stream = tokio_rustls::TlsAcceptor::from(Arc::new(server)).accept(stream).await?;
        stream.write_all(b"!").await
    };
    let use_it = async {
        let mut stream = wrap(Stream::Tcp(stream), "localhost", &connector).await?;
        assert_eq!(stream.read_u8().await.expect("a byte"), b'!');
        Ok(())
    };
    let (_, outcome) = tokio::join!(serve, use_it);
    outcome
}

/// Environment variables can't be changed in a process that has threads, so the test runs itself again with them.
#[tokio::test]
async fn the_authorities_of_ssl_cert_file_are_trusted_and_no_others() {
    if let Ok(folder) = std::env::var(ROLE) {
        let trusted = std::env::var_os("SSL_CERT_FILE").is_some_and(|file| file.to_string_lossy().contains("ours"));
        match handshake(&folder).await {
            Ok(()) => assert!(trusted, "an unknown authority must not be trusted"),
            Err(error) => assert!(!trusted && error.kind() == SendErrorKind::Tls, "{error}"),
        }
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let authority = |file: &str| {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        std::fs::write(folder.path().join(file), certificate.pem()).expect("a file");
        Issuer::new(params, key)
    };
    let (ours, _) = (authority("ours.pem"), authority("other.pem"));
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
    let certificate = params.signed_by(&key, &ours).expect("a certificate");
    std::fs::write(folder.path().join("certificate"), certificate.der()).expect("a file");
    std::fs::write(folder.path().join("key"), key.serialize_der()).expect("a file");
    for file in ["ours.pem", "other.pem", "missing.pem"] {
        let name = "connect::tls::tests::the_authorities_of_ssl_cert_file_are_trusted_and_no_others";
        let output = Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", name])
            .env(ROLE, folder.path())
            .env("SSL_CERT_FILE", folder.path().join(file))
            .output()
            .expect("a run");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("1 passed"), "{file}: {text}");
    }
}
