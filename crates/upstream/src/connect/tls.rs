//! TLS towards upstreams and proxies.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::ServerName};
use rustls_platform_verifier::Verifier;
use tokio_rustls::TlsConnector;

use super::Stream;
use crate::error::{SendError, SendErrorKind};

/// The TLS configuration of all clients: TLS 1.2 and 1.3, HTTP/1.1 only, sessions resumed.
///
/// Certificates are checked against the system's authorities, or those of `SSL_CERT_FILE` and `SSL_CERT_DIR` if set;
/// a system without any gets Mozilla's list, built in. Reads files: call it once and share the result.
pub fn tls_config() -> Result<Arc<ClientConfig>, rustls::Error> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
    let mut config = match Verifier::new(provider) {
        Ok(verifier) => builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)),
        Err(error) => {
            tracing::info!(%error, "no system certificate authorities, using the built-in list");
            let roots = webpki_roots::TLS_SERVER_ROOTS.to_vec();
            builder.with_root_certificates(RootCertStore { roots })
        }
    }
    .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Does the TLS handshake over `stream`. `host` may be an IP address: then there is no SNI (RFC 6066 3), and the
/// certificate must name the address.
pub(super) async fn wrap(stream: Stream, host: &str, tls: &TlsConnector) -> Result<Stream, SendError> {
    let failed = |error: &dyn std::fmt::Display| SendError::new(SendErrorKind::Tls, format_args!("{host}: {error}"));
    let name = ServerName::try_from(host.to_owned()).map_err(|error| failed(&error))?;
    let stream = tls.connect(name, stream).await.map_err(|error| failed(&error))?;
    Ok(Stream::Tls(Box::new(stream)))
}

#[cfg(test)]
mod tests;
