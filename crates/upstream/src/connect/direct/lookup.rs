//! Resolving names, one lookup a name at a time: with a resolver that hangs, each request would otherwise hold a thread of its own.

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, SocketAddr, ToSocketAddrs},
    sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError},
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use tokio::sync::oneshot;

/// The lookups under way, by name.
static UNDER_WAY: LazyLock<Mutex<HashMap<Arc<str>, Lookup>>> = LazyLock::new(Mutex::default);

type Lookup = Shared<BoxFuture<'static, Result<Arc<[SocketAddr]>, Arc<io::Error>>>>;

/// The addresses of `host`, by the system's resolver unless it is one itself.
pub(super) async fn addresses(host: &str, port: u16) -> Result<Vec<SocketAddr>, Arc<io::Error>> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let found = look_up(host, |name| Ok((name, 0).to_socket_addrs()?.collect())).await?;
    let with_port = |mut address: SocketAddr| {
        address.set_port(port);
        address
    };
    Ok(found.iter().copied().map(with_port).collect())
}

/// Asks `resolve`; whoever comes while it is being asked for the same name gets what it finds.
fn look_up<F>(host: &str, resolve: F) -> Lookup
where
    F: FnOnce(&str) -> io::Result<Arc<[SocketAddr]>> + Send + 'static,
{
    let mut lookups = under_way();
    if let Some(lookup) = lookups.get(host) {
        return lookup.clone();
    }
    let (found, told) = oneshot::channel();
    let given_up = |_| Err(Arc::new(io::Error::other("the lookup was given up")));
    let lookup = told.map(move |told| told.unwrap_or_else(given_up)).boxed().shared();
    let entry = Entry(host.into());
    lookups.insert(Arc::clone(&entry.0), lookup.clone());
    drop(lookups);
    tokio::task::spawn_blocking(move || {
        // Nobody may be waiting any more.
        let _ = found.send(resolve(&entry.0).map_err(Arc::new));
    });
    lookup
}

/// Leaves the list with the lookup, even if its runtime ends before it has begun.
struct Entry(Arc<str>);

impl Drop for Entry {
    fn drop(&mut self) {
        under_way().remove(&self.0);
    }
}

fn under_way() -> MutexGuard<'static, HashMap<Arc<str>, Lookup>> {
    UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn a_name_is_looked_up_once_at_a_time() {
        let (go_on, hangs) = mpsc::channel::<()>();
        let first = look_up("one.test", move |_| {
            hangs.recv().ok();
            Err(io::ErrorKind::NotFound.into())
        });
        let others: Vec<_> = (0..100).map(|_| look_up("one.test", |_| Ok(Arc::default()))).collect();
        look_up("another.test", |_| Ok(Arc::default())).await.expect("it waits for nobody");
        go_on.send(()).expect("the first is under way");
        for lookup in others.into_iter().chain([first]) {
            assert_eq!(lookup.await.expect_err("what the first found").kind(), io::ErrorKind::NotFound);
        }
        while under_way().contains_key("one.test") {
            tokio::task::yield_now().await;
        }
        look_up("one.test", |_| Ok(Arc::default())).await.expect("a new lookup");
    }

    #[tokio::test]
    async fn a_lookup_that_never_ends_well_is_forgotten() {
        let lookup = look_up("bad.test", |_| panic!("as if its runtime had ended"));
        lookup.await.expect_err("no addresses");
        while under_way().contains_key("bad.test") {
            tokio::task::yield_now().await;
        }
    }
}
