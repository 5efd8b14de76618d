//! Routes with what is said about them.

use std::sync::Arc;

use axum::Router;
use axum::handler::Handler;
use axum::middleware::{from_extractor_with_state, from_fn_with_state};
use axum::routing::{MethodFilter, on};
use http::Method;

use super::describe::{Described, Operation, Schemas};
use crate::admin::auth::Admin;
use crate::admin::{Context, if_the_database_is_there};

/// A method of a path, and how it is described.
pub struct Entry {
    pub method: Method,
    pub path: &'static str,
    /// What it belongs to.
    pub tag: &'static str,
    /// What it does, in a line.
    pub summary: &'static str,
    /// Whether it asks for the admin key.
    pub is_closed: bool,
    /// Whether it is refused while the database is away.
    pub needs_database: bool,
    /// Statuses beside 200 that have the same body.
    pub also: &'static [u16],
    /// Statuses of faults beside those that every such handler may have.
    pub faults: &'static [u16],
    pub describe: fn(&mut Operation, &mut Schemas),
}

impl Entry {
    /// What examples know it by.
    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// Routes under one heading, which ask for no key unless they are [closed](Self::close).
pub struct Routes {
    tag: &'static str,
    router: Router<Arc<Context>>,
    entries: Vec<Entry>,
}

impl Routes {
    /// None, under this heading.
    pub fn of(tag: &'static str) -> Self {
        Self { tag, router: Router::new(), entries: Vec::new() }
    }

    /// `GET path` does what `summary` says.
    pub fn get<H, T, A>(self, path: &'static str, summary: &'static str, handler: H) -> Self
    where
        H: Handler<T, Arc<Context>> + Described<A>,
        T: 'static,
    {
        self.add(Method::GET, MethodFilter::GET, path, summary, handler)
    }

    /// `POST path` does what `summary` says.
    pub fn post<H, T, A>(self, path: &'static str, summary: &'static str, handler: H) -> Self
    where
        H: Handler<T, Arc<Context>> + Described<A>,
        T: 'static,
    {
        self.add(Method::POST, MethodFilter::POST, path, summary, handler)
    }

    /// `PUT path` does what `summary` says.
    pub fn put<H, T, A>(self, path: &'static str, summary: &'static str, handler: H) -> Self
    where
        H: Handler<T, Arc<Context>> + Described<A>,
        T: 'static,
    {
        self.add(Method::PUT, MethodFilter::PUT, path, summary, handler)
    }

    /// `DELETE path` does what `summary` says.
    pub fn delete<H, T, A>(self, path: &'static str, summary: &'static str, handler: H) -> Self
    where
        H: Handler<T, Arc<Context>> + Described<A>,
        T: 'static,
    {
        self.add(Method::DELETE, MethodFilter::DELETE, path, summary, handler)
    }

    /// The last one added answers with these statuses too, and with the body it has at 200.
    pub fn also(mut self, statuses: &'static [u16]) -> Self {
        if let Some(last) = self.entries.last_mut() {
            last.also = statuses;
        }
        self
    }

    /// The last one added may fail with these statuses too.
    pub fn also_fails(mut self, statuses: &'static [u16]) -> Self {
        if let Some(last) = self.entries.last_mut() {
            last.faults = statuses;
        }
        self
    }

    /// Puts layers around all of them.
    pub fn layered(self, layers: impl FnOnce(Router<Arc<Context>>) -> Router<Arc<Context>>) -> Self {
        Self { router: layers(self.router), ..self }
    }

    /// These and the others, each under its heading.
    pub fn merge(mut self, others: Self) -> Self {
        self.entries.extend(others.entries);
        Self { router: self.router.merge(others.router), ..self }
    }

    /// Refuses them at once while the database is known to be away.
    pub fn need_the_database(mut self, context: &Arc<Context>) -> Self {
        for entry in &mut self.entries {
            entry.needs_database = true;
        }
        let look = from_fn_with_state(Arc::clone(context), if_the_database_is_there);
        self.layered(|router| router.route_layer(look))
    }

    /// Lets only those in who show the admin key. One layer over all of them, so that no handler can forget to ask for it.
    pub fn close(mut self, context: &Arc<Context>) -> Self {
        for entry in &mut self.entries {
            entry.is_closed = true;
        }
        let ask = from_extractor_with_state::<Admin, _>(Arc::clone(context));
        self.layered(|router| router.route_layer(ask))
    }

    /// The routes, and what is said about them.
    pub fn into_parts(self) -> (Router<Arc<Context>>, Vec<Entry>) {
        (self.router, self.entries)
    }

    fn add<H, T, A>(
        mut self,
        method: Method,
        filter: MethodFilter,
        path: &'static str,
        summary: &'static str,
        handler: H,
    ) -> Self
    where
        H: Handler<T, Arc<Context>> + Described<A>,
        T: 'static,
    {
        let (tag, describe) = (self.tag, H::describe as fn(&mut Operation, &mut Schemas));
        self.entries.push(Entry {
            method,
            path,
            tag,
            summary,
            is_closed: false,
            needs_database: false,
            also: &[],
            faults: &[],
            describe,
        });
        self.router = self.router.route(path, on(filter, handler));
        self
    }
}
