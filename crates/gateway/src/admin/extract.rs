//! Reading requests: JSON bodies, queries, parts of the path. What can't be read is an [`ApiError`].

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequest, FromRequestParts, Path, Query, Request};
use bytes::Bytes;
use domain::allowed::Allowed;
use domain::raw_object::RawObject;
use domain::rewrite::headers::credential;
use http::request::Parts;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, DeserializeSeed, Error as _, IntoDeserializer, MapAccess};

use super::Context;
use super::error::ApiError;
use super::messages::Message;
use crate::snapshot::proxy_keys::{KeyDigest, digest_of};

/// A JSON body, whatever the `Content-Type` says: `curl -d` sends forms' type.
#[derive(Clone, Copy, Debug)]
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let bytes = Bytes::from_request(request, state).await;
        let bytes = bytes.map_err(|error| ApiError::bad_request(&Message::UnreadableBody(error.body_text())))?;
        read(&bytes).map(Self)
    }
}

/// The query.
#[derive(Clone, Copy, Debug)]
pub struct Params<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Query::from_request_parts(parts, state).await {
            Ok(Query(params)) => Ok(Self(params)),
            Err(error) => Err(ApiError::bad_request(&Message::UnreadableUrl(error.body_text()))),
        }
    }
}

/// The variable parts of the path.
#[derive(Clone, Copy, Debug)]
pub struct InPath<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for InPath<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(ids)) => Ok(Self(ids)),
            Err(error) => Err(ApiError::bad_request(&Message::UnreadableUrl(error.body_text()))),
        }
    }
}

/// The address of the client.
#[derive(Clone, Copy, Debug)]
pub struct ClientIp(pub IpAddr);

impl FromRequestParts<Arc<Context>> for ClientIp {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, context: &Arc<Context>) -> Result<Self, Self::Rejection> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(peer)| peer.ip());
        Ok(Self(context.trusted_proxies.client_ip(peer, &parts.headers)))
    }
}

/// The key of a client of the data plane, in any place where such clients put it. Whether it opens anything isn't known yet.
#[derive(Clone, Copy, Debug)]
pub struct ProxyKey(pub KeyDigest);

impl<S: Send + Sync> FromRequestParts<S> for ProxyKey {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let key = credential(&parts.headers, parts.uri.query()).filter(|key| !key.is_empty());
        key.map(|key| Self(digest_of(&key))).ok_or_else(|| ApiError::invalid(&Message::WrongProxyKey))
    }
}

/// A whole number out of a query, both limits included; `None` if it is not said.
pub fn whole_number(name: &str, given: Option<&str>, min: i64, max: i64) -> Result<Option<i64>, ApiError> {
    let Some(text) = given.map(str::trim) else { return Ok(None) };
    let number = text.parse().ok().filter(|number| (min..=max).contains(number));
    number.map(Some).ok_or_else(|| ApiError::field(name, text, Allowed::WholeNumber(min, max)))
}

/// Reads a JSON object. A member of the wrong type is named, which [`serde_json`] alone doesn't do.
pub fn read<T: DeserializeOwned>(json: &[u8]) -> Result<T, ApiError> {
    let object: RawObject = serde_json::from_slice(json).map_err(|error| ApiError::invalid_json(&error))?;
    let members = Members { rest: object.iter(), value: None };
    T::deserialize(MapAccessDeserializer::new(members))
        .map_err(|error| ApiError::invalid(&Message::Unfit(error.to_string())))
}

struct Members<'o, I: Iterator<Item = (&'o str, &'o str)>> {
    rest: I,
    value: Option<(&'o str, &'o str)>,
}

impl<'de, I: Iterator<Item = (&'de str, &'de str)>> MapAccess<'de> for Members<'de, I> {
    type Error = serde_json::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> serde_json::Result<Option<K::Value>> {
        self.value = self.rest.next();
        self.value.map(|(name, _)| seed.deserialize(name.into_deserializer())).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> serde_json::Result<V::Value> {
        let (name, value) = self.value.take().ok_or_else(|| Self::Error::custom("a value without a name"))?;
        seed.deserialize(&mut serde_json::Deserializer::from_str(value)).map_err(|error| {
            let text = error.to_string();
            // The place is one in the value, and would be taken for one in the body.
            let what = text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what);
            Self::Error::custom(format!("{name}: {what}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Wanted {
        id: i64,
        overrides: Option<Vec<u8>>,
        #[serde(default)]
        raw: RawText,
    }

    /// A [`RawObject`] that can be compared.
    #[derive(Debug, Default, PartialEq)]
    struct RawText(String);

    impl<'de> Deserialize<'de> for RawText {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            RawObject::deserialize(deserializer).map(|object| Self(object.to_json()))
        }
    }

    #[test]
    fn members_are_read_and_others_ignored() {
        let read = read::<Wanted>(br#" {"id":1,"other":{},"overrides":null,"raw":{"n":1.10}} "#).unwrap();
        assert_eq!(read, Wanted { id: 1, overrides: None, raw: RawText(r#"{"n":1.10}"#.to_owned()) });
    }

    #[test]
    fn errors_name_the_member() {
        let cases = [
            (r#"{"id":"7"}"#, r#"id: invalid type: string "7", expected i64"#),
            (r#"{"id":1,"overrides":[256]}"#, "overrides: invalid value: integer `256`, expected u8"),
            (r#"{"overrides":[]}"#, "missing field `id`"),
        ];
        for (body, message) in cases {
            assert_eq!(
                read::<Wanted>(body.as_bytes()).unwrap_err(),
                ApiError::invalid(&Message::Unfit(message.to_owned())),
                "{body}"
            );
        }
    }

    #[test]
    fn what_is_no_object_is_invalid_json() {
        for body in ["", "{", "[1]", "1", "id=1"] {
            let error = read::<Wanted>(body.as_bytes()).unwrap_err();
            assert!(error.message().starts_with("the request body is no JSON object"), "{}", error.message());
        }
    }
}
