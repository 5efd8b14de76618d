//! The admin key.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::FromRequestParts;
use domain::rewrite::headers::credential;
use domain::secret::Secret;
use http::request::Parts;

use super::Context;
use super::error::ApiError;
use super::extract::ClientIp;
use super::messages::Message;
use super::throttle::Throttle;
use crate::snapshot::proxy_keys::{KeyDigest, digest_of};

/// Whoever sent the request has shown the admin key: as bearer, in `X-Api-Key`, `X-Goog-Api-Key` or `?key=`.
#[derive(Clone, Copy, Debug)]
pub struct Admin;

impl FromRequestParts<Arc<Context>> for Admin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, context: &Arc<Context>) -> Result<Self, ApiError> {
        let Ok(ClientIp(client)) = ClientIp::from_request_parts(parts, context).await;
        let shown = credential(&parts.headers, parts.uri.query());
        context.gate.admit(shown.as_deref(), client).await
    }
}

/// Compares keys. Digests are compared instead of the keys themselves: how long that takes says nothing about the key.
#[derive(Debug)]
pub struct Gate {
    admin_key: KeyDigest,
    throttle: Throttle,
}

impl Gate {
    /// A gate that `admin_key` opens.
    pub fn new(admin_key: &Secret) -> Self {
        Self { admin_key: digest_of(admin_key.expose()), throttle: Throttle::default() }
    }

    /// Lets the right key in. The answer to a wrong one comes the later, the more of them the address has shown.
    pub async fn admit(&self, shown: Option<&str>, client: IpAddr) -> Result<Admin, ApiError> {
        let Some(shown) = shown.filter(|shown| !shown.is_empty()) else {
            return Err(ApiError::unauthorized(&Message::Unauthorized));
        };
        if self.throttle.is_overrun(client) {
            return Err(ApiError::unauthorized(&Message::TooManyFailures));
        }
        if digest_of(shown) == self.admin_key {
            self.throttle.forgive(client);
            return Ok(Admin);
        }
        let delay = self.throttle.failed(client, Instant::now());
        if !delay.is_zero() {
            tracing::warn!(%client, ?delay, "wrong admin keys are answered late");
        }
        tokio::time::sleep(delay).await;
        self.throttle.answered(client);
        Err(ApiError::unauthorized(&Message::Unauthorized))
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[tokio::test(start_paused = true)]
    async fn only_the_right_key_opens() {
        let gate = Gate::new(&Secret::from("right"));
        assert!(gate.admit(Some("right"), CLIENT).await.is_ok());
        for wrong in [None, Some(""), Some("wrong"), Some("righ"), Some("right ")] {
            assert!(gate.admit(wrong, CLIENT).await.is_err(), "{wrong:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_without_a_key_is_no_failed_guess() {
        let gate = Gate::new(&Secret::from("right"));
        let start = tokio::time::Instant::now();
        for _ in 0..100 {
            assert!(gate.admit(None, CLIENT).await.is_err());
        }
        assert!(start.elapsed().is_zero());
        for _ in 0..10 {
            assert!(gate.admit(Some("wrong"), CLIENT).await.is_err());
        }
        assert!(!start.elapsed().is_zero(), "guesses are slowed");
    }
}
