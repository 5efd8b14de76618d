//! Flows, seen from outside: the built program over TCP, a mock provider behind it.
//!
//! | file | what it shows |
//! |---|---|
//! | `proxy_outcomes` | the outcome table, row by row |
//! | `proxy_retries` | how often and with whom a request is tried again |
//! | `proxy_guards` | one cause is not counted as many: storms, and what is left after them |
//! | `proxy_upstreams` | weights, ejection and probe, aggregate groups |
//! | `proxy_transparency` | bytes, heads and methods arrive as they were sent |
//! | `proxy_streams` | chunk by chunk, first-event failover, leaving clients, slow readers |
//! | `proxy_shaping` | overrides, redirects, header rules, model lists |
//! | `proxy_limits` | sizes, times, keys and requests that are refused |
//! | `proxy_tunnel` | WebSocket and other requests that leave HTTP |
//! | `proxy_outbound` | HTTP, HTTPS and SOCKS5 proxies, TLS |
//! | `hostile_clients` | clients that smuggle, flood, stall or send nonsense |
//! | `hostile_providers` | providers whose answers are broken, endless or none |
//! | `logs` | the request log, its spool, counters and statistics |
//! | `metrics` | what Prometheus is told, and the dashboard and alerts on it |
//! | `lifecycle` | start, check, signals, restart |
//! | `nodes` | several nodes on one database |
//! | `packaging` | image, compose files, units |
//! | `upgrade` | a new process takes over |
//! | `bounds` | what may grow, and no further |
//! | `exhaustion` | no descriptors, no disk, no memory to spare, a clock that jumps |
//! | `cluster` | several nodes on one database, and what they share away |
//! | `admin_api` | what tools written for 1.4.x call |

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test's own helpers fail the test")]

mod admin_api;
mod bounds;
mod cluster;
mod exhaustion;
mod hostile_clients;
mod hostile_providers;
mod lifecycle;
mod logs;
mod metrics;
mod nodes;
mod packaging;
mod proxy_guards;
mod proxy_limits;
mod proxy_outbound;
mod proxy_outcomes;
mod proxy_retries;
mod proxy_shaping;
mod proxy_streams;
mod proxy_transparency;
mod proxy_tunnel;
mod proxy_upstreams;
mod support;
mod upgrade;
mod validation;
