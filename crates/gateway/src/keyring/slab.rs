//! The keys' places: an immutable table of keys and the bitmaps of the usable ones, replaced as a whole when keys come or go.

use std::sync::Arc;

use domain::pick::Ring;

use super::key::PoolKey;
use crate::sync::atomic::{AtomicU64, Ordering};

/// Keys a chunk holds. A change copies the pointers of the chunks it touches, not those of the whole pool.
const CHUNK: usize = 1024;

type Chunk = Vec<Option<Arc<PoolKey>>>;

/// What a pick reads.
#[derive(Clone, Debug)]
pub(super) struct Slab {
    chunks: Vec<Arc<Chunk>>,
    /// Keys that can serve any model that is not listed below.
    pub(super) usable: Arc<Lane>,
    /// Models for which some key rests, with the keys that can serve them. Short: see [`super::rests::MAX_MODELS`].
    pub(super) by_model: Vec<(Arc<str>, Arc<Lane>)>,
}

/// What a pick for one model looks at.
#[derive(Debug)]
pub(super) struct Lane {
    /// The keys that can serve.
    pub(super) ring: Ring,
    /// From when on a key may be asked although it rests, if no other is left.
    probe_at_ms: AtomicU64,
}

impl Lane {
    /// A lane with room for at least `capacity` keys and the same keys as this one.
    pub(super) fn resized(&self, capacity: usize) -> Self {
        let probe_at_ms = AtomicU64::new(self.probe_at_ms());
        Self { ring: self.ring.resized(capacity), probe_at_ms }
    }

    pub(super) fn probe_at_ms(&self) -> u64 {
        self.probe_at_ms.load(Ordering::Relaxed)
    }

    pub(super) fn probe_at(&self, ms: u64) {
        self.probe_at_ms.store(ms, Ordering::Relaxed);
    }

    /// A probe may be due by then.
    pub(super) fn probe_by(&self, ms: u64) {
        self.probe_at_ms.fetch_min(ms, Ordering::Relaxed);
    }
}

impl Default for Slab {
    fn default() -> Self {
        let usable = Lane { ring: Ring::new(0), probe_at_ms: AtomicU64::new(u64::MAX) };
        Self { chunks: Vec::new(), usable: Arc::new(usable), by_model: Vec::new() }
    }
}

impl Slab {
    /// The usable keys for a request that asks for `model`.
    pub(super) fn ring(&self, model: Option<&str>) -> &Ring {
        &self.lane(model).ring
    }

    /// The lane of requests that ask for `model`.
    pub(super) fn lane(&self, model: Option<&str>) -> &Lane {
        let special = model.and_then(|model| self.by_model.iter().find(|(name, _)| **name == *model));
        special.map_or(&self.usable, |(_, lane)| lane)
    }

    /// All lanes, that of the models without one of their own first.
    pub(super) fn lanes(&self) -> impl Iterator<Item = &Lane> {
        std::iter::once(&*self.usable).chain(self.by_model.iter().map(|(_, lane)| &**lane))
    }

    /// The key in a place, unless it has left.
    pub(super) fn key(&self, slot: usize) -> Option<&Arc<PoolKey>> {
        self.chunks.get(slot / CHUNK)?.get(slot % CHUNK)?.as_ref()
    }

    /// All keys, in the order of their places.
    pub(super) fn keys(&self) -> impl Iterator<Item = &Arc<PoolKey>> {
        self.chunks.iter().flat_map(|chunk| chunk.iter().flatten())
    }

    /// A bitmap of the keys that can serve whatever model, as [`Ring::words`] gives it.
    pub(super) fn serve_all(&self) -> Vec<u64> {
        let mut words: Vec<_> = self.usable.ring.words().collect();
        for (_, lane) in &self.by_model {
            words.iter_mut().zip(lane.ring.words()).for_each(|(word, of_model)| *word &= of_model);
        }
        words
    }

    /// Puts a key into a place, making room as needed. The bitmaps are the caller's business.
    pub(super) fn put(&mut self, slot: usize, key: Option<Arc<PoolKey>>) {
        while self.chunks.len() <= slot / CHUNK {
            self.chunks.push(Arc::new(vec![None; CHUNK]));
        }
        let place = self.chunks.get_mut(slot / CHUNK).and_then(|chunk| Arc::make_mut(chunk).get_mut(slot % CHUNK));
        if let Some(place) = place {
            *place = key;
        }
    }

    /// Makes the bitmaps as large as the table.
    pub(super) fn fit_rings(&mut self) {
        let capacity = self.chunks.len() * CHUNK;
        for lane in std::iter::once(&mut self.usable).chain(self.by_model.iter_mut().map(|(_, lane)| lane)) {
            if lane.ring.capacity() < capacity {
                // Twice the room, so that a pool that grows key by key copies its bitmap rarely.
                *lane = Arc::new(lane.resized(capacity.max(lane.ring.capacity() * 2)));
            }
        }
    }
}
