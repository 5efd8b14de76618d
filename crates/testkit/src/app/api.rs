//! The admin API: JSON in, status and JSON out.

use std::net::SocketAddr;

use serde_json::Value;

use crate::http::{Reply, Request};

/// Calls with one admin key.
#[derive(Clone, Debug)]
pub struct Api {
    addr: SocketAddr,
    auth_key: String,
}

impl Api {
    /// The API of the program at this address.
    pub fn new(addr: SocketAddr, auth_key: &str) -> Self {
        Self { addr, auth_key: auth_key.to_owned() }
    }

    /// A request with the admin key, for what the short forms can't say.
    pub fn request(&self, method: &str, path: &str) -> Request {
        Request::new(method, &format!("http://{}{path}", self.addr)).bearer(&self.auth_key)
    }

    /// Status and body of a GET.
    pub async fn get(&self, path: &str) -> (u16, Value) {
        answer(&self.request("GET", path).fetch().await)
    }

    /// Status and body of a POST.
    pub async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        answer(&self.request("POST", path).json(body).fetch().await)
    }

    /// Status and body of a PUT.
    pub async fn put(&self, path: &str, body: &Value) -> (u16, Value) {
        answer(&self.request("PUT", path).json(body).fetch().await)
    }

    /// Status and body of a DELETE.
    pub async fn delete(&self, path: &str) -> (u16, Value) {
        answer(&self.request("DELETE", path).fetch().await)
    }

    /// `data` of a GET that must succeed.
    pub async fn data(&self, path: &str) -> Value {
        data("GET", path, self.get(path).await)
    }

    /// `data` of a POST that must succeed.
    pub async fn create(&self, path: &str, body: &Value) -> Value {
        data("POST", path, self.post(path, body).await)
    }
}

/// A body that is no JSON (a page, a text file) comes as a string.
fn answer(reply: &Reply) -> (u16, Value) {
    (reply.status, serde_json::from_slice(&reply.body).unwrap_or_else(|_| Value::String(reply.text())))
}

fn data(method: &str, path: &str, (status, mut body): (u16, Value)) -> Value {
    assert_eq!(status, 200, "{method} {path}: {body}");
    assert_eq!(body["code"], 0, "{method} {path}: {body}");
    body["data"].take()
}
